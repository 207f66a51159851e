fn choice() {
    let x_0_ = &x;
    let slope_1_ = &slope;
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
    #[allow(unused_braces)]
    let (slope_1_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::NoSubscript,
        _,
        _,
        _,
        _,
    >(real_, { slope_1_ });
    #[allow(unused_braces)]
    let () = ::microgpt::expr::axes::<::microgpt::expr::NoSubscript, _, _>({ shape_ });
    let axis_i_4_ = x_0_axis_0_;
    let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, x_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, slope_1_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_i_4_]);
    let (x_0_saved_, size_) = ::microgpt::expr::Source::save(x_0_source_, size_);
    let (slope_1_saved_, size_) = ::microgpt::expr::Source::save(slope_1_source_, size_);
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
            let slope_1_ = ::microgpt::expr::Source::read(&slope_1_source_, below_);
            let (result_2_, own_) = own_.split_at_mut(len_i_4_);
            /// `result = [if x[i] > 0 { x[i] } else { slope * x[i] } for i]`
            #[inline(never)]
            fn forward_result_2_<T: ::microgpt::Real>(
                axis_i_4_: impl ::microgpt::shape::Dim,
                result_2_: &mut [T],
                slope_1_: &[T],
                x_0_: &[T],
            ) {
                let real_ = ::core::marker::PhantomData::<T>;
                let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
                let row_len_ = len_i_4_;
                let row1_ = &x_0_[0..][..row_len_];
                let value2_ = slope_1_[0];
                ::microgpt::expr::map(
                    &mut result_2_[0..][..row_len_],
                    [row1_],
                    |position_, [row1_]| {
                        if ::microgpt::expr::less(
                            ::microgpt::expr::constant(real_, 0f64),
                            row1_,
                        ) {
                            row1_
                        } else {
                            ::microgpt::ops::mul(value2_, row1_)
                        }
                    },
                );
            }
            forward_result_2_(axis_i_4_, result_2_, slope_1_, x_0_);
            let result_2_ = &*result_2_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(x_0_source_));
            ::microgpt::expr::Source::copy(x_0_source_, copy_);
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(slope_1_source_));
            ::microgpt::expr::Source::copy(slope_1_source_, copy_);
        },
        (axis_i_4_, x_0_saved_, slope_1_saved_),
        move |(axis_i_4_, x_0_saved_, slope_1_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
            let x_0_ = x_0_saved_.values(values_, start_, len_i_4_);
            let slope_1_ = slope_1_saved_.values(values_, start_, 1);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_2_, own_values_) = own_values_.split_at(len_i_4_);
            let (d_result_2_, own_) = own_.split_at_mut(len_i_4_);
            if slope_1_saved_.active() {
                let d_slope_1_ = slope_1_saved_.gradients(below_, 1);
                /// `∂slope += if x[i] > 0 { 0 } else { ∂result[i] * x[i] } for i`
                #[inline(never)]
                fn backward_0_slope_1_<T: ::microgpt::Real>(
                    axis_i_4_: impl ::microgpt::shape::Dim,
                    d_result_2_: &[T],
                    d_slope_1_: &mut [T],
                    x_0_: &[T],
                ) {
                    let real_ = ::core::marker::PhantomData::<T>;
                    let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
                    let row_len_ = len_i_4_;
                    let row1_ = &x_0_[0..][..row_len_];
                    let row2_ = &d_result_2_[0..][..row_len_];
                    let sum_ = &mut ::microgpt::expr::Sum::new();
                    sum_.row(
                        row_len_,
                        [row1_, row2_],
                        |sum_, position_, [row1_, row2_]| {
                            ::microgpt::ops::add(
                                sum_,
                                if ::microgpt::expr::less(
                                    ::microgpt::expr::constant(real_, 0f64),
                                    row1_,
                                ) {
                                    ::microgpt::expr::constant(real_, 0f64)
                                } else {
                                    ::microgpt::ops::mul(row2_, row1_)
                                },
                            )
                        },
                    );
                    d_slope_1_[0] = ::microgpt::ops::add(d_slope_1_[0], sum_.total());
                }
                backward_0_slope_1_(axis_i_4_, d_result_2_, d_slope_1_, x_0_);
            }
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_i_4_);
                /// `∂x[i] += (if x[i] > 0 { ∂result[i] } else { 0 }) + (if x[i] > 0 { 0 } else { ∂result[i] * slope }) for i`
                #[inline(never)]
                fn backward_1_x_0_<T: ::microgpt::Real>(
                    axis_i_4_: impl ::microgpt::shape::Dim,
                    d_result_2_: &[T],
                    d_x_0_: &mut [T],
                    slope_1_: &[T],
                    x_0_: &[T],
                ) {
                    let real_ = ::core::marker::PhantomData::<T>;
                    let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
                    let row_len_ = len_i_4_;
                    let row1_ = &x_0_[0..][..row_len_];
                    let row2_ = &d_result_2_[0..][..row_len_];
                    let value3_ = slope_1_[0];
                    ::microgpt::expr::accumulate(
                        &mut d_x_0_[0..][..row_len_],
                        [row1_, row2_],
                        |sum_, position_, [row1_, row2_]| {
                            let value4_ = ::microgpt::expr::less(
                                ::microgpt::expr::constant(real_, 0f64),
                                row1_,
                            );
                            ::microgpt::ops::add(
                                sum_,
                                ::microgpt::ops::add(
                                    if value4_ {
                                        row2_
                                    } else {
                                        ::microgpt::expr::constant(real_, 0f64)
                                    },
                                    if value4_ {
                                        ::microgpt::expr::constant(real_, 0f64)
                                    } else {
                                        ::microgpt::ops::mul(row2_, value3_)
                                    },
                                ),
                            )
                        },
                    );
                }
                backward_1_x_0_(axis_i_4_, d_result_2_, d_x_0_, slope_1_, x_0_);
            }
        },
        |(axis_i_4_, x_0_saved_, slope_1_saved_)| {
            let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[slope_1_saved_.active(), x_0_saved_.active()])
                .and("result", &[], &[(len_i_4_, 0)])
                .reads("x", &[0, 1], x_0_saved_, len_i_4_)
                .reads("slope", &[1], slope_1_saved_, 1)
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_i_4_,))
}
