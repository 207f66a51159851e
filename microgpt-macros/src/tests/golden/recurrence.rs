fn recurrence() {
    let start_0_ = &start;
    let x_1_ = &x;
    let a_2_ = &a;
    #[allow(unused_braces)]
    let (x_1_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >({ x_1_ });
    let real_ = ::microgpt::expr::precision(&x_1_source_);
    #[allow(unused_braces)]
    let (x_1_axis_0_, x_1_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (a_2_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >(real_, { a_2_ });
    #[allow(unused_braces)]
    let (a_2_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (start_0_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::NoSubscript,
        _,
        _,
        _,
        _,
    >(real_, { start_0_ });
    #[allow(unused_braces)]
    let () = ::microgpt::expr::axes::<::microgpt::expr::NoSubscript, _, _>({ shape_ });
    let axis_t_9_ = x_1_axis_0_;
    let axis_i_10_ = x_1_axis_1_;
    #[allow(unused_braces)]
    let axis_i_10_ = ::microgpt::expr::same(
        { axis_i_10_ },
        { a_2_axis_0_ },
        ("`i`", "axis 1 of `x`", "axis 0 of `a`"),
    );
    let len_t_9_ = ::microgpt::shape::Dim::len(axis_t_9_);
    let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
    let len_of_t_6_ = ::microgpt::expr::minus(len_t_9_ + 1, 0);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, start_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, x_1_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, a_2_source_);
    let size_ = ::microgpt::expr::size("`h_start`", [])
        + ::microgpt::expr::size("`h`", [len_of_t_6_, len_i_10_]);
    let (x_1_saved_, size_) = ::microgpt::expr::Source::save(x_1_source_, size_);
    let (a_2_saved_, size_) = ::microgpt::expr::Source::save(a_2_source_, size_);
    let start_0_saved_ = ::microgpt::expr::Source::saved(start_0_source_, 0);
    #[allow(unused, unused_qualifications, clippy::all, clippy::pedantic)]
    let store_ = ::microgpt::expr::evaluate(
        real_,
        activity_,
        ::microgpt::expr::Sizes {
            all: size_,
            intermediates: 1,
        },
        &[],
        |below_, own_| {
            let start_0_ = ::microgpt::expr::Source::read(&start_0_source_, below_);
            let x_1_ = ::microgpt::expr::Source::read(&x_1_source_, below_);
            let a_2_ = ::microgpt::expr::Source::read(&a_2_source_, below_);
            let (h_start_3_, own_) = own_.split_at_mut(1);
            /// `h_start = start`
            fn forward_h_start_3_<T: ::microgpt::Real>(
                h_start_3_: &mut [T],
                start_0_: &[T],
            ) {
                h_start_3_[0] = start_0_[0];
            }
            forward_h_start_3_(h_start_3_, start_0_);
            let h_start_3_ = &*h_start_3_;
            let (h_4_, own_) = own_.split_at_mut(len_of_t_6_ * len_i_10_);
            /// `h[-1, i] = h_start for i`
            #[inline(never)]
            fn start_0_h_4_<T: ::microgpt::Real>(
                axis_i_10_: impl ::microgpt::shape::Dim,
                h_4_: &mut [T],
                h_start_3_: &[T],
            ) {
                let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
                let row_len_ = len_i_10_;
                let value1_ = h_start_3_[0];
                ::microgpt::expr::map(
                    &mut h_4_[(0) * len_i_10_ + 0..][..row_len_],
                    [],
                    |position_, []| { value1_ },
                );
            }
            start_0_h_4_(axis_i_10_, h_4_, h_start_3_);
            /// `h = [tanh(x[t, i] + a[i] * h[t-1, i]) for t, i]`
            #[inline(never)]
            fn forward_h_4_<T: ::microgpt::Real>(
                a_2_: &[T],
                axis_i_10_: impl ::microgpt::shape::Dim,
                h_4_: &[T],
                h_4_here_: &mut [T],
                t_5_: ::core::primitive::usize,
                x_1_: &[T],
            ) {
                let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
                let row_len_ = len_i_10_;
                let row1_ = &x_1_[(t_5_) * len_i_10_ + 0..][..row_len_];
                let row2_ = &a_2_[0..][..row_len_];
                let row3_ = &h_4_[(t_5_) * len_i_10_ + 0..][..row_len_];
                ::microgpt::expr::map(
                    &mut h_4_here_[0..][..row_len_],
                    [row1_, row2_, row3_],
                    |position_, [row1_, row2_, row3_]| {
                        ::microgpt::ops::tanh(
                            ::microgpt::ops::add(
                                row1_,
                                ::microgpt::ops::mul(row2_, row3_),
                            ),
                        )
                    },
                );
            }
            for t_5_ in 0..len_t_9_ {
                {
                    let first_ = (t_5_ + 1) * (len_i_10_);
                    let (h_4_, here_) = h_4_.split_at_mut(first_);
                    let h_4_here_ = &mut here_[..len_i_10_];
                    forward_h_4_(a_2_, axis_i_10_, h_4_, h_4_here_, t_5_, x_1_);
                }
            }
            let h_4_ = &*h_4_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(x_1_source_));
            ::microgpt::expr::Source::copy(x_1_source_, copy_);
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(a_2_source_));
            ::microgpt::expr::Source::copy(a_2_source_, copy_);
        },
        (axis_t_9_, axis_i_10_, len_of_t_6_, start_0_saved_, x_1_saved_, a_2_saved_),
        move |
            (axis_t_9_, axis_i_10_, len_of_t_6_, start_0_saved_, x_1_saved_, a_2_saved_),
            pass_|
        {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_t_9_ = ::microgpt::shape::Dim::len(axis_t_9_);
            let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
            let x_1_ = x_1_saved_.values(values_, start_, len_t_9_ * len_i_10_);
            let a_2_ = a_2_saved_.values(values_, start_, len_i_10_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (h_start_3_, own_values_) = own_values_.split_at(1);
            let (d_h_start_3_, own_) = own_.split_at_mut(1);
            let (h_4_, own_values_) = own_values_.split_at(len_of_t_6_ * len_i_10_);
            let (d_h_4_, own_) = own_.split_at_mut(len_of_t_6_ * len_i_10_);
            /// `∂h[t-1, i] += ∂h[t, i] * tanh'(x[t, i] + a[i] * h[t-1, i]) * a[i] for t, i`
            #[inline(never)]
            fn backward_0_h_4_<T: ::microgpt::Real>(
                a_2_: &[T],
                axis_i_10_: impl ::microgpt::shape::Dim,
                d_h_4_: &mut [T],
                d_h_4_here_: &[T],
                h_4_: &[T],
                t_5_: ::core::primitive::usize,
                x_1_: &[T],
            ) {
                let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
                let row_len_ = len_i_10_;
                let row1_ = &d_h_4_here_[0..][..row_len_];
                let row2_ = &x_1_[(t_5_) * len_i_10_ + 0..][..row_len_];
                let row3_ = &a_2_[0..][..row_len_];
                let row4_ = &h_4_[(t_5_) * len_i_10_ + 0..][..row_len_];
                let row5_ = &h_4_[((t_5_ + 1)) * len_i_10_ + 0..][..row_len_];
                ::microgpt::expr::accumulate(
                    &mut d_h_4_[(t_5_) * len_i_10_ + 0..][..row_len_],
                    [row1_, row2_, row3_, row4_, row5_],
                    |sum_, position_, [row1_, row2_, row3_, row4_, row5_]| {
                        ::microgpt::expr::fma(
                            ::microgpt::expr::pull(
                                row1_,
                                ::microgpt::ops::tanh::gradient(
                                    [
                                        ::microgpt::ops::add(
                                            row2_,
                                            ::microgpt::ops::mul(row3_, row4_),
                                        ),
                                    ],
                                    row5_,
                                )[0],
                            ),
                            row3_,
                            sum_,
                        )
                    },
                );
            }
            for t_5_ in ::core::iter::Iterator::rev(0..len_t_9_) {
                if start_0_saved_.active() || x_1_saved_.active() || a_2_saved_.active()
                {
                    {
                        let first_ = (t_5_ + 1) * (len_i_10_);
                        let (d_h_4_, here_) = d_h_4_.split_at_mut(first_);
                        let d_h_4_here_ = &here_[..len_i_10_];
                        backward_0_h_4_(
                            a_2_,
                            axis_i_10_,
                            d_h_4_,
                            d_h_4_here_,
                            h_4_,
                            t_5_,
                            x_1_,
                        );
                    }
                }
            }
            if a_2_saved_.active() {
                let d_a_2_ = a_2_saved_.gradients(below_, len_i_10_);
                /// `∂a[i] += ∂h[t, i] * tanh'(x[t, i] + a[i] * h[t-1, i]) * h[t-1, i] for t, i`
                #[inline(never)]
                fn backward_1_a_2_<T: ::microgpt::Real>(
                    a_2_: &[T],
                    axis_i_10_: impl ::microgpt::shape::Dim,
                    axis_t_9_: impl ::microgpt::shape::Dim,
                    d_a_2_: &mut [T],
                    d_h_4_: &[T],
                    h_4_: &[T],
                    x_1_: &[T],
                ) {
                    let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
                    let len_t_9_ = ::microgpt::shape::Dim::len(axis_t_9_);
                    let row_len_ = len_i_10_;
                    let row1_ = &a_2_[0..][..row_len_];
                    ::microgpt::shape::Dim::local_blocks(
                        axis_i_10_,
                        &mut d_a_2_[0..][..row_len_],
                        0..len_t_9_,
                        |row_, range_| {
                            for t_5_ in range_ {
                                let row2_ = &d_h_4_[((t_5_ + 1)) * len_i_10_
                                    + 0..][..row_len_];
                                let row3_ = &x_1_[(t_5_) * len_i_10_ + 0..][..row_len_];
                                let row4_ = &h_4_[(t_5_) * len_i_10_ + 0..][..row_len_];
                                let row5_ = &h_4_[((t_5_ + 1)) * len_i_10_
                                    + 0..][..row_len_];
                                ::microgpt::expr::accumulate(
                                    row_,
                                    [row2_, row3_, row1_, row4_, row5_],
                                    |sum_, position_, [row2_, row3_, row1_, row4_, row5_]| {
                                        ::microgpt::expr::fma(
                                            ::microgpt::expr::pull(
                                                row2_,
                                                ::microgpt::ops::tanh::gradient(
                                                    [
                                                        ::microgpt::ops::add(
                                                            row3_,
                                                            ::microgpt::ops::mul(row1_, row4_),
                                                        ),
                                                    ],
                                                    row5_,
                                                )[0],
                                            ),
                                            row4_,
                                            sum_,
                                        )
                                    },
                                );
                            }
                        },
                    );
                }
                backward_1_a_2_(a_2_, axis_i_10_, axis_t_9_, d_a_2_, d_h_4_, h_4_, x_1_);
            }
            if x_1_saved_.active() {
                let d_x_1_ = x_1_saved_.gradients(below_, len_t_9_ * len_i_10_);
                /// `∂x[t, i] += ∂h[t, i] * tanh'(x[t, i] + a[i] * h[t-1, i]) for t, i`
                #[inline(never)]
                fn backward_2_x_1_<T: ::microgpt::Real>(
                    a_2_: &[T],
                    axis_i_10_: impl ::microgpt::shape::Dim,
                    axis_t_9_: impl ::microgpt::shape::Dim,
                    d_h_4_: &[T],
                    d_x_1_: &mut [T],
                    h_4_: &[T],
                    x_1_: &[T],
                ) {
                    let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
                    let len_t_9_ = ::microgpt::shape::Dim::len(axis_t_9_);
                    let row_len_ = len_i_10_;
                    let row1_ = &a_2_[0..][..row_len_];
                    for t_5_ in 0..len_t_9_ {
                        let row2_ = &d_h_4_[((t_5_ + 1)) * len_i_10_ + 0..][..row_len_];
                        let row3_ = &x_1_[(t_5_) * len_i_10_ + 0..][..row_len_];
                        let row4_ = &h_4_[(t_5_) * len_i_10_ + 0..][..row_len_];
                        let row5_ = &h_4_[((t_5_ + 1)) * len_i_10_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_1_[(t_5_) * len_i_10_ + 0..][..row_len_],
                            [row2_, row3_, row1_, row4_, row5_],
                            |sum_, position_, [row2_, row3_, row1_, row4_, row5_]| {
                                ::microgpt::expr::pull_onto(
                                    row2_,
                                    ::microgpt::ops::tanh::gradient(
                                        [
                                            ::microgpt::ops::add(
                                                row3_,
                                                ::microgpt::ops::mul(row1_, row4_),
                                            ),
                                        ],
                                        row5_,
                                    )[0],
                                    sum_,
                                )
                            },
                        );
                    }
                }
                backward_2_x_1_(a_2_, axis_i_10_, axis_t_9_, d_h_4_, d_x_1_, h_4_, x_1_);
            }
            if start_0_saved_.active() {
                /// `∂h_start += ∂h[-1, i] for i`
                #[inline(never)]
                fn backward_3_h_start_3_<T: ::microgpt::Real>(
                    axis_i_10_: impl ::microgpt::shape::Dim,
                    d_h_4_: &[T],
                    d_h_start_3_: &mut [T],
                ) {
                    let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
                    let row_len_ = len_i_10_;
                    let row1_ = &d_h_4_[(0) * len_i_10_ + 0..][..row_len_];
                    let sum_ = &mut ::microgpt::expr::Sum::new();
                    sum_.row(
                        row_len_,
                        [row1_],
                        |sum_, position_, [row1_]| { ::microgpt::ops::add(sum_, row1_) },
                    );
                    d_h_start_3_[0] = sum_.total();
                }
                backward_3_h_start_3_(axis_i_10_, d_h_4_, d_h_start_3_);
            }
            if start_0_saved_.active() {
                let d_start_0_ = start_0_saved_.gradients(below_, 1);
                /// `∂start += ∂h_start`
                fn backward_4_start_0_<T: ::microgpt::Real>(
                    d_h_start_3_: &[T],
                    d_start_0_: &mut [T],
                ) {
                    d_start_0_[0] = {
                        let sum_ = d_start_0_[0];
                        ::microgpt::ops::add(sum_, d_h_start_3_[0])
                    };
                }
                backward_4_start_0_(d_h_start_3_, d_start_0_);
            }
        },
        |(axis_t_9_, axis_i_10_, len_of_t_6_, start_0_saved_, x_1_saved_, a_2_saved_)| {
            let len_t_9_ = ::microgpt::shape::Dim::len(axis_t_9_);
            let len_i_10_ = ::microgpt::shape::Dim::len(axis_i_10_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(
                    &[
                        start_0_saved_.active() || x_1_saved_.active()
                            || a_2_saved_.active(),
                        a_2_saved_.active(),
                        x_1_saved_.active(),
                        start_0_saved_.active(),
                    ],
                )
                .and("h_start", &[], &[])
                .gradient_if(3)
                .and("h", &[0, 1, 2], &[(len_of_t_6_, 0), (len_i_10_, 0)])
                .reads("x", &[0, 1, 2], x_1_saved_, len_t_9_ * len_i_10_)
                .reads("a", &[0, 1, 2], a_2_saved_, len_i_10_)
        },
    );
    ::microgpt::expr::output(
        real_,
        activity_,
        &store_,
        0 + 1 + 1 * (len_i_10_),
        (axis_t_9_, axis_i_10_),
    )
}
