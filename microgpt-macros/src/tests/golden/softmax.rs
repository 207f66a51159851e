fn softmax() {
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
    let axis_t_8_ = x_0_axis_0_;
    let axis_i_9_ = x_0_axis_1_;
    let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
    let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, x_0_source_);
    let size_ = ::microgpt::expr::size("`max`", [len_t_8_])
        + ::microgpt::expr::size("`e`", [len_t_8_, len_i_9_])
        + ::microgpt::expr::size("`sum`", [len_t_8_])
        + ::microgpt::expr::size("`result`", [len_t_8_, len_i_9_]);
    let (x_0_saved_, size_) = ::microgpt::expr::Source::save(x_0_source_, size_);
    #[allow(unused, unused_qualifications, clippy::all, clippy::pedantic)]
    let store_ = ::microgpt::expr::evaluate(
        real_,
        activity_,
        ::microgpt::expr::Sizes {
            all: size_,
            intermediates: len_t_8_ + len_t_8_ * len_i_9_ + len_t_8_,
        },
        &[],
        |below_, own_| {
            let x_0_ = ::microgpt::expr::Source::read(&x_0_source_, below_);
            let (max_1_, own_) = own_.split_at_mut(len_t_8_);
            /// `max = [max(x[t, j] for j) for t]`
            #[inline(never)]
            fn forward_max_1_<T: ::microgpt::Real>(
                axis_i_9_: impl ::microgpt::shape::Dim,
                axis_t_8_: impl ::microgpt::shape::Dim,
                max_1_: &mut [T],
                x_0_: &[T],
            ) {
                let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                let row_len_ = len_i_9_;
                for t_5_ in 0..len_t_8_ {
                    let row1_ = &x_0_[(t_5_) * len_i_9_ + 0..][..row_len_];
                    max_1_[t_5_] = ::microgpt::expr::greatest(
                        row_len_,
                        [row1_],
                        |position_, [row1_]| { row1_ },
                    );
                }
            }
            forward_max_1_(axis_i_9_, axis_t_8_, max_1_, x_0_);
            let max_1_ = &*max_1_;
            let (e_2_, own_) = own_.split_at_mut(len_t_8_ * len_i_9_);
            /// `e = [exp(x[t, i] - stop(max[t])) for t, i]`
            #[inline(never)]
            fn forward_e_2_<T: ::microgpt::Real>(
                axis_i_9_: impl ::microgpt::shape::Dim,
                axis_t_8_: impl ::microgpt::shape::Dim,
                e_2_: &mut [T],
                max_1_: &[T],
                x_0_: &[T],
            ) {
                let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                let row_len_ = len_i_9_;
                for t_5_ in 0..len_t_8_ {
                    let row1_ = &x_0_[(t_5_) * len_i_9_ + 0..][..row_len_];
                    let value2_ = max_1_[t_5_];
                    let value3_ = ::microgpt::expr::stopped(value2_);
                    ::microgpt::expr::map(
                        &mut e_2_[(t_5_) * len_i_9_ + 0..][..row_len_],
                        [row1_],
                        |position_, [row1_]| {
                            ::microgpt::ops::exp(::microgpt::ops::sub(row1_, value3_))
                        },
                    );
                }
            }
            forward_e_2_(axis_i_9_, axis_t_8_, e_2_, max_1_, x_0_);
            let e_2_ = &*e_2_;
            let (sum_3_, own_) = own_.split_at_mut(len_t_8_);
            /// `sum = [sum(e[t, j] for j) for t]`
            #[inline(never)]
            fn forward_sum_3_<T: ::microgpt::Real>(
                axis_i_9_: impl ::microgpt::shape::Dim,
                axis_t_8_: impl ::microgpt::shape::Dim,
                e_2_: &[T],
                sum_3_: &mut [T],
            ) {
                let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                let row_len_ = len_i_9_;
                for t_5_ in 0..len_t_8_ {
                    let row1_ = &e_2_[(t_5_) * len_i_9_ + 0..][..row_len_];
                    let sum_ = &mut ::microgpt::expr::Sum::new();
                    sum_.row(
                        row_len_,
                        [row1_],
                        |sum_, position_, [row1_]| { ::microgpt::ops::add(sum_, row1_) },
                    );
                    sum_3_[t_5_] = sum_.total();
                }
            }
            forward_sum_3_(axis_i_9_, axis_t_8_, e_2_, sum_3_);
            let sum_3_ = &*sum_3_;
            let (result_4_, own_) = own_.split_at_mut(len_t_8_ * len_i_9_);
            /// `result = [e[t, i] / sum[t] for t, i]`
            #[inline(never)]
            fn forward_result_4_<T: ::microgpt::Real>(
                axis_i_9_: impl ::microgpt::shape::Dim,
                axis_t_8_: impl ::microgpt::shape::Dim,
                e_2_: &[T],
                result_4_: &mut [T],
                sum_3_: &[T],
            ) {
                let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                let row_len_ = len_i_9_;
                for t_5_ in 0..len_t_8_ {
                    let row1_ = &e_2_[(t_5_) * len_i_9_ + 0..][..row_len_];
                    let value2_ = sum_3_[t_5_];
                    ::microgpt::expr::map(
                        &mut result_4_[(t_5_) * len_i_9_ + 0..][..row_len_],
                        [row1_],
                        |position_, [row1_]| { ::microgpt::ops::div(row1_, value2_) },
                    );
                }
            }
            forward_result_4_(axis_i_9_, axis_t_8_, e_2_, result_4_, sum_3_);
            let result_4_ = &*result_4_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(x_0_source_));
            ::microgpt::expr::Source::copy(x_0_source_, copy_);
        },
        (axis_t_8_, axis_i_9_, x_0_saved_),
        move |(axis_t_8_, axis_i_9_, x_0_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
            let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
            let x_0_ = x_0_saved_.values(values_, start_, len_t_8_ * len_i_9_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (max_1_, own_values_) = own_values_.split_at(len_t_8_);
            let (d_max_1_, own_) = own_.split_at_mut(len_t_8_);
            let (e_2_, own_values_) = own_values_.split_at(len_t_8_ * len_i_9_);
            let (d_e_2_, own_) = own_.split_at_mut(len_t_8_ * len_i_9_);
            let (sum_3_, own_values_) = own_values_.split_at(len_t_8_);
            let (d_sum_3_, own_) = own_.split_at_mut(len_t_8_);
            let (result_4_, own_values_) = own_values_.split_at(len_t_8_ * len_i_9_);
            let (d_result_4_, own_) = own_.split_at_mut(len_t_8_ * len_i_9_);
            if x_0_saved_.active() {
                /// `∂sum[t] += -(∂result[t, i] * (result[t, i] / sum[t])) for t, i`
                #[inline(never)]
                fn backward_0_sum_3_<T: ::microgpt::Real>(
                    axis_i_9_: impl ::microgpt::shape::Dim,
                    axis_t_8_: impl ::microgpt::shape::Dim,
                    d_result_4_: &[T],
                    d_sum_3_: &mut [T],
                    result_4_: &[T],
                    sum_3_: &[T],
                ) {
                    let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                    let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                    let row_len_ = len_i_9_;
                    for t_5_ in 0..len_t_8_ {
                        let row1_ = &d_result_4_[(t_5_) * len_i_9_ + 0..][..row_len_];
                        let row2_ = &result_4_[(t_5_) * len_i_9_ + 0..][..row_len_];
                        let value3_ = sum_3_[t_5_];
                        let sum_ = &mut ::microgpt::expr::Sum::new();
                        sum_.row(
                            row_len_,
                            [row1_, row2_],
                            |sum_, position_, [row1_, row2_]| {
                                ::microgpt::ops::add(
                                    sum_,
                                    ::microgpt::ops::neg(
                                        ::microgpt::expr::pull(
                                            row1_,
                                            ::microgpt::ops::div(row2_, value3_),
                                        ),
                                    ),
                                )
                            },
                        );
                        d_sum_3_[t_5_] = sum_.total();
                    }
                }
                backward_0_sum_3_(
                    axis_i_9_,
                    axis_t_8_,
                    d_result_4_,
                    d_sum_3_,
                    result_4_,
                    sum_3_,
                );
            }
            if x_0_saved_.active() {
                /// `∂e[t, i] += ∂result[t, i] / sum[t] for t, i`
                #[inline(never)]
                fn backward_1_e_2_<T: ::microgpt::Real>(
                    axis_i_9_: impl ::microgpt::shape::Dim,
                    axis_t_8_: impl ::microgpt::shape::Dim,
                    d_e_2_: &mut [T],
                    d_result_4_: &[T],
                    sum_3_: &[T],
                ) {
                    let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                    let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                    let row_len_ = len_i_9_;
                    for t_5_ in 0..len_t_8_ {
                        let row1_ = &d_result_4_[(t_5_) * len_i_9_ + 0..][..row_len_];
                        let value2_ = sum_3_[t_5_];
                        ::microgpt::expr::map(
                            &mut d_e_2_[(t_5_) * len_i_9_ + 0..][..row_len_],
                            [row1_],
                            |position_, [row1_]| {
                                ::microgpt::expr::pull_over(row1_, value2_)
                            },
                        );
                    }
                }
                backward_1_e_2_(axis_i_9_, axis_t_8_, d_e_2_, d_result_4_, sum_3_);
            }
            if x_0_saved_.active() {
                /// `∂e[t, j] += ∂sum[t] for t, j`
                #[inline(never)]
                fn backward_2_e_2_<T: ::microgpt::Real>(
                    axis_i_9_: impl ::microgpt::shape::Dim,
                    axis_t_8_: impl ::microgpt::shape::Dim,
                    d_e_2_: &mut [T],
                    d_sum_3_: &[T],
                ) {
                    let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                    let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                    let row_len_ = len_i_9_;
                    for t_5_ in 0..len_t_8_ {
                        let value1_ = d_sum_3_[t_5_];
                        ::microgpt::expr::accumulate(
                            &mut d_e_2_[(t_5_) * len_i_9_ + 0..][..row_len_],
                            [],
                            |sum_, position_, []| { ::microgpt::ops::add(sum_, value1_) },
                        );
                    }
                }
                backward_2_e_2_(axis_i_9_, axis_t_8_, d_e_2_, d_sum_3_);
            }
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_t_8_ * len_i_9_);
                /// `∂x[t, i] += ∂e[t, i] * exp'(x[t, i] - stop(max[t])) for t, i`
                #[inline(never)]
                fn backward_3_x_0_<T: ::microgpt::Real>(
                    axis_i_9_: impl ::microgpt::shape::Dim,
                    axis_t_8_: impl ::microgpt::shape::Dim,
                    d_e_2_: &[T],
                    d_x_0_: &mut [T],
                    e_2_: &[T],
                    max_1_: &[T],
                    x_0_: &[T],
                ) {
                    let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
                    let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
                    let row_len_ = len_i_9_;
                    for t_5_ in 0..len_t_8_ {
                        let row1_ = &d_e_2_[(t_5_) * len_i_9_ + 0..][..row_len_];
                        let row2_ = &x_0_[(t_5_) * len_i_9_ + 0..][..row_len_];
                        let value3_ = max_1_[t_5_];
                        let value4_ = ::microgpt::expr::stopped(value3_);
                        let row5_ = &e_2_[(t_5_) * len_i_9_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_0_[(t_5_) * len_i_9_ + 0..][..row_len_],
                            [row1_, row2_, row5_],
                            |sum_, position_, [row1_, row2_, row5_]| {
                                ::microgpt::expr::pull_onto(
                                    row1_,
                                    ::microgpt::ops::exp::gradient(
                                        [::microgpt::ops::sub(row2_, value4_)],
                                        row5_,
                                    )[0],
                                    sum_,
                                )
                            },
                        );
                    }
                }
                backward_3_x_0_(
                    axis_i_9_,
                    axis_t_8_,
                    d_e_2_,
                    d_x_0_,
                    e_2_,
                    max_1_,
                    x_0_,
                );
            }
        },
        |(axis_t_8_, axis_i_9_, x_0_saved_)| {
            let len_t_8_ = ::microgpt::shape::Dim::len(axis_t_8_);
            let len_i_9_ = ::microgpt::shape::Dim::len(axis_i_9_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_0_saved_.active()])
                .and("max", &[0], &[(len_t_8_, 0)])
                .without_gradient()
                .and("e", &[0], &[(len_t_8_, 0), (len_i_9_, 0)])
                .gradient_if(0)
                .and("sum", &[0], &[(len_t_8_, 0)])
                .gradient_if(0)
                .and("result", &[0], &[(len_t_8_, 0), (len_i_9_, 0)])
                .reads("x", &[0], x_0_saved_, len_t_8_ * len_i_9_)
        },
    );
    ::microgpt::expr::output(
        real_,
        activity_,
        &store_,
        0 + len_t_8_ + len_t_8_ * len_i_9_ + len_t_8_,
        (axis_t_8_, axis_i_9_),
    )
}
