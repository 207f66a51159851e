fn product() {
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
    let axis_t_5_ = x_0_axis_0_;
    let axis_i_6_ = x_0_axis_1_;
    let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
    let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, x_0_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_t_5_])
        + ::microgpt::expr::size("`result_others`", [len_t_5_, len_i_6_]);
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
            let (result_1_, own_) = own_.split_at_mut(len_t_5_);
            /// `result = [prod(1 + x[t, i] for i) for t]`
            #[inline(never)]
            fn forward_result_1_<T: ::microgpt::Real>(
                axis_i_6_: impl ::microgpt::shape::Dim,
                axis_t_5_: impl ::microgpt::shape::Dim,
                result_1_: &mut [T],
                x_0_: &[T],
            ) {
                let real_ = ::core::marker::PhantomData::<T>;
                let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
                let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                for t_3_ in 0..len_t_5_ {
                    let product_ = &mut ::microgpt::expr::Product::new();
                    for i_4_ in 0..len_i_6_ {
                        product_
                            .take(
                                ::microgpt::ops::add(
                                    ::microgpt::expr::constant(real_, 1f64),
                                    x_0_[(t_3_) * len_i_6_ + i_4_],
                                ),
                            );
                    }
                    result_1_[t_3_] = product_.number();
                }
            }
            forward_result_1_(axis_i_6_, axis_t_5_, result_1_, x_0_);
            let result_1_ = &*result_1_;
            let (result_others_2_, own_) = own_.split_at_mut(len_t_5_ * len_i_6_);
            /// `result_others = [prod of others(1 + x[t, i] for i) for t, i]`
            #[inline(never)]
            fn forward_result_others_2_<T: ::microgpt::Real>(
                axis_i_6_: impl ::microgpt::shape::Dim,
                axis_t_5_: impl ::microgpt::shape::Dim,
                result_others_2_: &mut [T],
                x_0_: &[T],
            ) {
                let real_ = ::core::marker::PhantomData::<T>;
                let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
                let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                let others_ = &mut ::microgpt::expr::Others::new();
                for t_3_ in 0..len_t_5_ {
                    for i_4_ in 0..len_i_6_ {
                        others_
                            .before(
                                ::microgpt::ops::add(
                                    ::microgpt::expr::constant(real_, 1f64),
                                    x_0_[(t_3_) * len_i_6_ + i_4_],
                                ),
                            );
                    }
                    others_.turn();
                    for i_4_ in ::core::iter::Iterator::rev(0..len_i_6_) {
                        result_others_2_[(t_3_) * len_i_6_ + i_4_] = others_
                            .after(
                                ::microgpt::ops::add(
                                    ::microgpt::expr::constant(real_, 1f64),
                                    x_0_[(t_3_) * len_i_6_ + i_4_],
                                ),
                            );
                    }
                }
            }
            forward_result_others_2_(axis_i_6_, axis_t_5_, result_others_2_, x_0_);
            let result_others_2_ = &*result_others_2_;
        },
        (axis_t_5_, axis_i_6_, x_0_saved_),
        move |(axis_t_5_, axis_i_6_, x_0_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
            let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_1_, own_values_) = own_values_.split_at(len_t_5_);
            let (d_result_1_, own_) = own_.split_at_mut(len_t_5_);
            let (result_others_2_, own_values_) = own_values_
                .split_at(len_t_5_ * len_i_6_);
            let (d_result_others_2_, own_) = own_.split_at_mut(len_t_5_ * len_i_6_);
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_t_5_ * len_i_6_);
                /// `∂x[t, i] += ∂result[t] * result_others[t, i] for t, i`
                #[inline(never)]
                fn backward_0_x_0_<T: ::microgpt::Real>(
                    axis_i_6_: impl ::microgpt::shape::Dim,
                    axis_t_5_: impl ::microgpt::shape::Dim,
                    d_result_1_: &[T],
                    d_x_0_: &mut [T],
                    result_others_2_: &[T],
                ) {
                    let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
                    let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                    let row_len_ = len_i_6_;
                    for t_3_ in 0..len_t_5_ {
                        let value1_ = d_result_1_[t_3_];
                        let row2_ = &result_others_2_[(t_3_) * len_i_6_
                            + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_0_[(t_3_) * len_i_6_ + 0..][..row_len_],
                            [row2_],
                            |sum_, position_, [row2_]| {
                                ::microgpt::expr::pull_onto(value1_, row2_, sum_)
                            },
                        );
                    }
                }
                backward_0_x_0_(
                    axis_i_6_,
                    axis_t_5_,
                    d_result_1_,
                    d_x_0_,
                    result_others_2_,
                );
            }
        },
        |(axis_t_5_, axis_i_6_, x_0_saved_)| {
            let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
            let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_0_saved_.active()])
                .and("result", &[], &[(len_t_5_, 0)])
                .and("result_others", &[0], &[(len_t_5_, 0), (len_i_6_, 0)])
                .without_gradient()
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_t_5_,))
}
