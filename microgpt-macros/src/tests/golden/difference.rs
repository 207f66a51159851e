fn difference() {
    let x_0_ = &x;
    #[allow(unused_braces)]
    let (x_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >({ x_0_ });
    let real_ = ::microgpt::expr::precision(&x_0_source_);
    #[allow(unused_braces)]
    let (x_0_axis_0_, x_0_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    let axis_t_6_ = x_0_axis_0_;
    let axis_i_7_ = x_0_axis_1_;
    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
    let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, x_0_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_t_6_, len_i_7_]);
    let x_0_saved_ = ::microgpt::expr::Source::saved(x_0_source_, 0);
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
            let x_0_ = ::microgpt::expr::Source::read(&x_0_source_, below_);
            let (result_1_, own_) = own_.split_at_mut(len_t_6_ * len_i_7_);
            /// `result = [if t > 0 { x[t, i] - x[t-1, i] } else { x[t, i] } for t, i]`
            #[inline(never)]
            fn forward_result_1_<T: ::microgpt::Real>(
                axis_i_7_: impl ::microgpt::shape::Dim,
                axis_t_6_: impl ::microgpt::shape::Dim,
                result_1_: &mut [T],
                x_0_: &[T],
            ) {
                let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
                let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
                let row_len_ = len_i_7_;
                for t_4_ in 0..::core::cmp::Ord::min(1, len_t_6_) {
                    let row1_ = &x_0_[(t_4_) * len_i_7_ + 0..][..row_len_];
                    ::microgpt::expr::map(
                        &mut result_1_[(t_4_) * len_i_7_ + 0..][..row_len_],
                        [row1_],
                        |position_, [row1_]| { row1_ },
                    );
                }
                let row_len_ = len_i_7_;
                for t_5_ in 1..len_t_6_ {
                    let row1_ = &x_0_[(t_5_) * len_i_7_ + 0..][..row_len_];
                    let row2_ = &x_0_[(((t_5_) - (1))) * len_i_7_ + 0..][..row_len_];
                    ::microgpt::expr::map(
                        &mut result_1_[(t_5_) * len_i_7_ + 0..][..row_len_],
                        [row1_, row2_],
                        |position_, [row1_, row2_]| {
                            ::microgpt::ops::sub(row1_, row2_)
                        },
                    );
                }
            }
            forward_result_1_(axis_i_7_, axis_t_6_, result_1_, x_0_);
            let result_1_ = &*result_1_;
        },
        (axis_t_6_, axis_i_7_, x_0_saved_),
        move |(axis_t_6_, axis_i_7_, x_0_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
            let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_1_, own_values_) = own_values_.split_at(len_t_6_ * len_i_7_);
            let (d_result_1_, own_) = own_.split_at_mut(len_t_6_ * len_i_7_);
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_t_6_ * len_i_7_);
                /// `∂x[t-1, i] += -∂result[t, i] for t, i if t > 0`
                #[inline(never)]
                fn backward_0_x_0_<T: ::microgpt::Real>(
                    axis_i_7_: impl ::microgpt::shape::Dim,
                    axis_t_6_: impl ::microgpt::shape::Dim,
                    d_result_1_: &[T],
                    d_x_0_: &mut [T],
                ) {
                    let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
                    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
                    let row_len_ = len_i_7_;
                    for t_5_ in 1..len_t_6_ {
                        let row1_ = &d_result_1_[(t_5_) * len_i_7_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_0_[(((t_5_) - (1))) * len_i_7_ + 0..][..row_len_],
                            [row1_],
                            |sum_, position_, [row1_]| {
                                ::microgpt::ops::add(sum_, ::microgpt::ops::neg(row1_))
                            },
                        );
                    }
                }
                backward_0_x_0_(axis_i_7_, axis_t_6_, d_result_1_, d_x_0_);
            }
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_t_6_ * len_i_7_);
                /// `∂x[t, i] += (if t > 0 { 0 } else { ∂result[t, i] }) + (if t > 0 { ∂result[t, i] } else { 0 }) for t, i`
                #[inline(never)]
                fn backward_1_x_0_<T: ::microgpt::Real>(
                    axis_i_7_: impl ::microgpt::shape::Dim,
                    axis_t_6_: impl ::microgpt::shape::Dim,
                    d_result_1_: &[T],
                    d_x_0_: &mut [T],
                ) {
                    let real_ = ::core::marker::PhantomData::<T>;
                    let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
                    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
                    let row_len_ = len_i_7_;
                    for t_4_ in 0..::core::cmp::Ord::min(1, len_t_6_) {
                        let row1_ = &d_result_1_[(t_4_) * len_i_7_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_0_[(t_4_) * len_i_7_ + 0..][..row_len_],
                            [row1_],
                            |sum_, position_, [row1_]| {
                                ::microgpt::ops::add(
                                    sum_,
                                    ::microgpt::ops::add(
                                        row1_,
                                        ::microgpt::expr::constant(real_, 0f64),
                                    ),
                                )
                            },
                        );
                    }
                    let row_len_ = len_i_7_;
                    for t_5_ in 1..len_t_6_ {
                        let row1_ = &d_result_1_[(t_5_) * len_i_7_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_0_[(t_5_) * len_i_7_ + 0..][..row_len_],
                            [row1_],
                            |sum_, position_, [row1_]| {
                                ::microgpt::ops::add(
                                    sum_,
                                    ::microgpt::ops::add(
                                        ::microgpt::expr::constant(real_, 0f64),
                                        row1_,
                                    ),
                                )
                            },
                        );
                    }
                }
                backward_1_x_0_(axis_i_7_, axis_t_6_, d_result_1_, d_x_0_);
            }
        },
        |(axis_t_6_, axis_i_7_, x_0_saved_)| {
            let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
            let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_0_saved_.active()])
                .and("result", &[], &[(len_t_6_, 0), (len_i_7_, 0)])
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_t_6_, axis_i_7_))
}
