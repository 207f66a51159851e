fn tuple() {
    let x_0_ = &x;
    #[allow(unused_braces)]
    let (x_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >({ x_0_ });
    let real_ = ::microgpt::expr::precision(&x_0_source_);
    #[allow(unused_braces)]
    let (x_0_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    let axis_i_5_ = x_0_axis_0_;
    let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, x_0_source_);
    let size_ = ::microgpt::expr::size("`sum`", [])
        + ::microgpt::expr::size("`result_0`", [])
        + ::microgpt::expr::size("`result_1`", []);
    let (x_0_saved_, size_) = ::microgpt::expr::Source::save(x_0_source_, size_);
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
            let x_0_ = ::microgpt::expr::Source::read(&x_0_source_, below_);
            let (sum_1_, own_) = own_.split_at_mut(1);
            /// `sum = sum(x[i] for i)`
            #[inline(never)]
            fn forward_sum_1_<T: ::microgpt::Real>(
                axis_i_5_: impl ::microgpt::shape::Dim,
                sum_1_: &mut [T],
                x_0_: &[T],
            ) {
                let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                let row_len_ = len_i_5_;
                let row1_ = &x_0_[0..][..row_len_];
                let sum_ = &mut ::microgpt::expr::Sum::new();
                sum_.row(
                    row_len_,
                    [row1_],
                    |sum_, position_, [row1_]| { ::microgpt::ops::add(sum_, row1_) },
                );
                sum_1_[0] = sum_.total();
            }
            forward_sum_1_(axis_i_5_, sum_1_, x_0_);
            let sum_1_ = &*sum_1_;
            let (result_0_2_, own_) = own_.split_at_mut(1);
            /// `result_0 = sum / len(i)`
            fn forward_result_0_2_<T: ::microgpt::Real>(
                axis_i_5_: impl ::microgpt::shape::Dim,
                result_0_2_: &mut [T],
                sum_1_: &[T],
            ) {
                let real_ = ::core::marker::PhantomData::<T>;
                let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                {
                    ::microgpt::expr::require(
                        ::microgpt::expr::less(
                            ::microgpt::expr::constant(real_, 0f64),
                            ::microgpt::expr::number(real_, len_i_5_),
                        ),
                        "mean",
                        "`i`",
                    );
                }
                result_0_2_[0] = ::microgpt::ops::div(
                    sum_1_[0],
                    ::microgpt::expr::number(real_, len_i_5_),
                );
            }
            forward_result_0_2_(axis_i_5_, result_0_2_, sum_1_);
            let result_0_2_ = &*result_0_2_;
            let (result_1_3_, own_) = own_.split_at_mut(1);
            /// `result_1 = sum((x[i] - result_0) * (x[i] - result_0) for i)`
            #[inline(never)]
            fn forward_result_1_3_<T: ::microgpt::Real>(
                axis_i_5_: impl ::microgpt::shape::Dim,
                result_0_2_: &[T],
                result_1_3_: &mut [T],
                x_0_: &[T],
            ) {
                let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                let row_len_ = len_i_5_;
                let row1_ = &x_0_[0..][..row_len_];
                let value2_ = result_0_2_[0];
                let sum_ = &mut ::microgpt::expr::Sum::new();
                sum_.row(
                    row_len_,
                    [row1_],
                    |sum_, position_, [row1_]| {
                        let value3_ = ::microgpt::ops::sub(row1_, value2_);
                        ::microgpt::expr::fma(value3_, value3_, sum_)
                    },
                );
                result_1_3_[0] = sum_.total();
            }
            forward_result_1_3_(axis_i_5_, result_0_2_, result_1_3_, x_0_);
            let result_1_3_ = &*result_1_3_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(x_0_source_));
            ::microgpt::expr::Source::copy(x_0_source_, copy_);
        },
        (axis_i_5_, x_0_saved_),
        move |(axis_i_5_, x_0_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
            let x_0_ = x_0_saved_.values(values_, start_, len_i_5_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (sum_1_, own_values_) = own_values_.split_at(1);
            let (d_sum_1_, own_) = own_.split_at_mut(1);
            let (result_0_2_, own_values_) = own_values_.split_at(1);
            let (d_result_0_2_, own_) = own_.split_at_mut(1);
            let (result_1_3_, own_values_) = own_values_.split_at(1);
            let (d_result_1_3_, own_) = own_.split_at_mut(1);
            if x_0_saved_.active() {
                /// `∂result_0 += -(∂result_1 * (x[i] - result_0) + ∂result_1 * (x[i] - result_0)) for i`
                #[inline(never)]
                fn backward_0_result_0_2_<T: ::microgpt::Real>(
                    axis_i_5_: impl ::microgpt::shape::Dim,
                    d_result_0_2_: &mut [T],
                    d_result_1_3_: &[T],
                    result_0_2_: &[T],
                    x_0_: &[T],
                ) {
                    let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                    let row_len_ = len_i_5_;
                    let value1_ = d_result_1_3_[0];
                    let row2_ = &x_0_[0..][..row_len_];
                    let value3_ = result_0_2_[0];
                    let sum_ = &mut ::microgpt::expr::Sum::new();
                    sum_.row(
                        row_len_,
                        [row2_],
                        |sum_, position_, [row2_]| {
                            let value4_ = ::microgpt::ops::mul(
                                value1_,
                                ::microgpt::ops::sub(row2_, value3_),
                            );
                            ::microgpt::ops::add(
                                sum_,
                                ::microgpt::ops::neg(::microgpt::ops::add(value4_, value4_)),
                            )
                        },
                    );
                    d_result_0_2_[0] = ::microgpt::ops::add(
                        d_result_0_2_[0],
                        sum_.total(),
                    );
                }
                backward_0_result_0_2_(
                    axis_i_5_,
                    d_result_0_2_,
                    d_result_1_3_,
                    result_0_2_,
                    x_0_,
                );
            }
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_i_5_);
                /// `∂x[i] += ∂result_1 * (x[i] - result_0) + ∂result_1 * (x[i] - result_0) for i`
                #[inline(never)]
                fn backward_1_x_0_<T: ::microgpt::Real>(
                    axis_i_5_: impl ::microgpt::shape::Dim,
                    d_result_1_3_: &[T],
                    d_x_0_: &mut [T],
                    result_0_2_: &[T],
                    x_0_: &[T],
                ) {
                    let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                    let row_len_ = len_i_5_;
                    let value1_ = d_result_1_3_[0];
                    let row2_ = &x_0_[0..][..row_len_];
                    let value3_ = result_0_2_[0];
                    ::microgpt::expr::accumulate(
                        &mut d_x_0_[0..][..row_len_],
                        [row2_],
                        |sum_, position_, [row2_]| {
                            let value4_ = ::microgpt::ops::mul(
                                value1_,
                                ::microgpt::ops::sub(row2_, value3_),
                            );
                            ::microgpt::ops::add(
                                sum_,
                                ::microgpt::ops::add(value4_, value4_),
                            )
                        },
                    );
                }
                backward_1_x_0_(axis_i_5_, d_result_1_3_, d_x_0_, result_0_2_, x_0_);
            }
            if x_0_saved_.active() {
                /// `∂sum += ∂result_0 / len(i)`
                fn backward_2_sum_1_<T: ::microgpt::Real>(
                    axis_i_5_: impl ::microgpt::shape::Dim,
                    d_result_0_2_: &[T],
                    d_sum_1_: &mut [T],
                ) {
                    let real_ = ::core::marker::PhantomData::<T>;
                    let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                    d_sum_1_[0] = ::microgpt::expr::pull_over(
                        d_result_0_2_[0],
                        ::microgpt::expr::number(real_, len_i_5_),
                    );
                }
                backward_2_sum_1_(axis_i_5_, d_result_0_2_, d_sum_1_);
            }
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_i_5_);
                /// `∂x[i] += ∂sum for i`
                #[inline(never)]
                fn backward_3_x_0_<T: ::microgpt::Real>(
                    axis_i_5_: impl ::microgpt::shape::Dim,
                    d_sum_1_: &[T],
                    d_x_0_: &mut [T],
                ) {
                    let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
                    let row_len_ = len_i_5_;
                    let value1_ = d_sum_1_[0];
                    ::microgpt::expr::accumulate(
                        &mut d_x_0_[0..][..row_len_],
                        [],
                        |sum_, position_, []| { ::microgpt::ops::add(sum_, value1_) },
                    );
                }
                backward_3_x_0_(axis_i_5_, d_sum_1_, d_x_0_);
            }
        },
        |(axis_i_5_, x_0_saved_)| {
            let len_i_5_ = ::microgpt::shape::Dim::len(axis_i_5_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_0_saved_.active()])
                .and("sum", &[], &[])
                .gradient_if(0)
                .and("result_0", &[0], &[])
                .and("result_1", &[], &[])
                .reads("x", &[0], x_0_saved_, len_i_5_)
        },
    );
    (
        ::microgpt::expr::output(real_, activity_, &store_, 0 + 1, ()),
        ::microgpt::expr::output(real_, activity_, &store_, 0 + 1 + 1, ()),
    )
}
