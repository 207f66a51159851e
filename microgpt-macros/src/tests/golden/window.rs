fn window() {
    let w_0_ = &w;
    let x_1_ = &x;
    let integer_2_ = &{ n };
    #[allow(unused_braces)]
    let (w_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >({ w_0_ });
    let real_ = ::microgpt::expr::precision(&w_0_source_);
    #[allow(unused_braces)]
    let (w_0_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (x_1_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >(real_, { x_1_ });
    #[allow(unused_braces)]
    let (x_1_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let integer_2_ = ::microgpt::expr::open_integer({ integer_2_ });
    let axis_whole_6_ = w_0_axis_0_;
    let axis_whole_7_ = x_1_axis_0_;
    let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
    let len_whole_7_ = ::microgpt::shape::Dim::len(axis_whole_7_);
    let len_of_t_4_ = ::microgpt::expr::minus(integer_2_, 0);
    ::microgpt::expr::on_axis(
        0,
        2,
        0,
        len_whole_6_,
        "axis 0 of `w`",
        |values_| {
            values_.range(0, 3);
        },
    );
    ::microgpt::expr::on_axis(
        0,
        ::microgpt::expr::signed(integer_2_ + 1, 0),
        0,
        len_whole_7_,
        "axis 0 of `x`",
        |values_| {
            for t_4_ in 0..integer_2_ {
                for k_5_ in 0..::microgpt::expr::minus(3, 0) {
                    values_.difference(t_4_ + k_5_, 0);
                }
            }
        },
    );
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, w_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, x_1_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_of_t_4_]);
    let (w_0_saved_, size_) = ::microgpt::expr::Source::save(w_0_source_, size_);
    let (x_1_saved_, size_) = ::microgpt::expr::Source::save(x_1_source_, size_);
    #[allow(unused, unused_qualifications, clippy::all, clippy::pedantic)]
    let store_ = ::microgpt::expr::evaluate(
        real_,
        activity_,
        ::microgpt::expr::Sizes {
            all: size_,
            intermediates: 0,
        },
        &[],
        |below_, own_| {
            let w_0_ = ::microgpt::expr::Source::read(&w_0_source_, below_);
            let x_1_ = ::microgpt::expr::Source::read(&x_1_source_, below_);
            let (result_3_, own_) = own_.split_at_mut(len_of_t_4_);
            /// `result = [sum(w[k] * x[t+k] for k in 0..3) for t in 0..integer]`
            #[inline(never)]
            fn forward_result_3_<T: ::microgpt::Real>(
                integer_2_: ::core::primitive::usize,
                result_3_: &mut [T],
                w_0_: &[T],
                x_1_: &[T],
            ) {
                let real_ = ::core::marker::PhantomData::<T>;
                let row_len_ = integer_2_;
                ::microgpt::shape::Dim::local_blocks(
                    ::microgpt::expr::minus(integer_2_, 0),
                    &mut result_3_[0..][..row_len_],
                    0..3,
                    |row_, range_| {
                        row_.fill(::microgpt::expr::constant(real_, 0.0));
                        for k_5_ in range_ {
                            let value1_ = w_0_[k_5_];
                            let row2_ = &::microgpt::expr::from(
                                x_1_,
                                row_len_,
                                || k_5_,
                            )[..row_len_];
                            ::microgpt::expr::accumulate(
                                row_,
                                [row2_],
                                |sum_, position_, [row2_]| {
                                    ::microgpt::expr::fma(value1_, row2_, sum_)
                                },
                            );
                        }
                    },
                );
            }
            forward_result_3_(integer_2_, result_3_, w_0_, x_1_);
            let result_3_ = &*result_3_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(w_0_source_));
            ::microgpt::expr::Source::copy(w_0_source_, copy_);
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(x_1_source_));
            ::microgpt::expr::Source::copy(x_1_source_, copy_);
        },
        (axis_whole_6_, axis_whole_7_, len_of_t_4_, integer_2_, w_0_saved_, x_1_saved_),
        move |
            (
                axis_whole_6_,
                axis_whole_7_,
                len_of_t_4_,
                integer_2_,
                w_0_saved_,
                x_1_saved_,
            ),
            pass_|
        {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
            let len_whole_7_ = ::microgpt::shape::Dim::len(axis_whole_7_);
            let w_0_ = w_0_saved_.values(values_, start_, len_whole_6_);
            let x_1_ = x_1_saved_.values(values_, start_, len_whole_7_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_3_, own_values_) = own_values_.split_at(len_of_t_4_);
            let (d_result_3_, own_) = own_.split_at_mut(len_of_t_4_);
            if x_1_saved_.active() {
                let d_x_1_ = x_1_saved_.gradients(below_, len_whole_7_);
                /// `∂x[t+k] += ∂result[t] * w[k] for t in 0..integer, k in 0..3`
                #[inline(never)]
                fn backward_0_x_1_<T: ::microgpt::Real>(
                    d_result_3_: &[T],
                    d_x_1_: &mut [T],
                    integer_2_: ::core::primitive::usize,
                    w_0_: &[T],
                ) {
                    let row_len_ = 3;
                    let row1_ = &w_0_[0..][..row_len_];
                    for t_4_ in 0..integer_2_ {
                        let value2_ = d_result_3_[t_4_];
                        ::microgpt::expr::accumulate(
                            &mut ::microgpt::expr::from_mut(
                                d_x_1_,
                                row_len_,
                                || t_4_,
                            )[..row_len_],
                            [row1_],
                            |sum_, position_, [row1_]| {
                                ::microgpt::expr::fma(value2_, row1_, sum_)
                            },
                        );
                    }
                }
                backward_0_x_1_(d_result_3_, d_x_1_, integer_2_, w_0_);
            }
            if w_0_saved_.active() {
                let d_w_0_ = w_0_saved_.gradients(below_, len_whole_6_);
                /// `∂w[k] += ∂result[t] * x[t+k] for t in 0..integer, k in 0..3`
                #[inline(never)]
                fn backward_1_w_0_<T: ::microgpt::Real>(
                    d_result_3_: &[T],
                    d_w_0_: &mut [T],
                    integer_2_: ::core::primitive::usize,
                    x_1_: &[T],
                ) {
                    let row_len_ = 3;
                    ::microgpt::shape::Dim::local_blocks(
                        ::microgpt::expr::minus(3, 0),
                        &mut d_w_0_[0..][..row_len_],
                        0..integer_2_,
                        |row_, range_| {
                            for t_4_ in range_ {
                                let value1_ = d_result_3_[t_4_];
                                let row2_ = &::microgpt::expr::from(
                                    x_1_,
                                    row_len_,
                                    || t_4_,
                                )[..row_len_];
                                ::microgpt::expr::accumulate(
                                    row_,
                                    [row2_],
                                    |sum_, position_, [row2_]| {
                                        ::microgpt::expr::fma(value1_, row2_, sum_)
                                    },
                                );
                            }
                        },
                    );
                }
                backward_1_w_0_(d_result_3_, d_w_0_, integer_2_, x_1_);
            }
        },
        |
            (
                axis_whole_6_,
                axis_whole_7_,
                len_of_t_4_,
                integer_2_,
                w_0_saved_,
                x_1_saved_,
            )|
        {
            let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
            let len_whole_7_ = ::microgpt::shape::Dim::len(axis_whole_7_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_1_saved_.active(), w_0_saved_.active()])
                .and("result", &[], &[(len_of_t_4_, 0)])
                .reads("w", &[0], w_0_saved_, len_whole_6_)
                .reads("x", &[1], x_1_saved_, len_whole_7_)
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (len_of_t_4_,))
}
