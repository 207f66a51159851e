fn greatest() {
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
        + ::microgpt::expr::size("`result_at`", [len_t_5_]);
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
            /// `result = [max(x[t, i] for i) for t]`
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
                {
                    if 0 < len_t_5_ {
                        ::microgpt::expr::require(
                            ::microgpt::expr::less(
                                ::microgpt::expr::constant(real_, 0f64),
                                ::microgpt::expr::number(real_, len_i_6_),
                            ),
                            "max",
                            "`i`",
                        );
                    }
                }
                let row_len_ = len_i_6_;
                for t_3_ in 0..len_t_5_ {
                    let row1_ = &x_0_[(t_3_) * len_i_6_ + 0..][..row_len_];
                    result_1_[t_3_] = ::microgpt::expr::greatest(
                        row_len_,
                        [row1_],
                        |position_, [row1_]| { row1_ },
                    );
                }
            }
            forward_result_1_(axis_i_6_, axis_t_5_, result_1_, x_0_);
            let result_1_ = &*result_1_;
            let (result_at_2_, own_) = own_.split_at_mut(len_t_5_);
            /// `result_at = [argmax(x[t, i] for i) for t]`
            #[inline(never)]
            fn forward_result_at_2_<T: ::microgpt::Real>(
                axis_i_6_: impl ::microgpt::shape::Dim,
                axis_t_5_: impl ::microgpt::shape::Dim,
                result_at_2_: &mut [T],
                x_0_: &[T],
            ) {
                let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
                let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                for t_3_ in 0..len_t_5_ {
                    let best_ = &mut ::microgpt::expr::Best::new();
                    for i_4_ in 0..len_i_6_ {
                        best_.max(i_4_, x_0_[(t_3_) * len_i_6_ + i_4_]);
                    }
                    result_at_2_[t_3_] = best_.position();
                }
            }
            forward_result_at_2_(axis_i_6_, axis_t_5_, result_at_2_, x_0_);
            let result_at_2_ = &*result_at_2_;
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
            let (result_at_2_, own_values_) = own_values_.split_at(len_t_5_);
            let (d_result_at_2_, own_) = own_.split_at_mut(len_t_5_);
            if x_0_saved_.active() {
                let d_x_0_ = x_0_saved_.gradients(below_, len_t_5_ * len_i_6_);
                /// `∂x[t, i] += (∂result[t] where i is result_at[t]) for t, i`
                #[inline(never)]
                fn backward_0_x_0_<T: ::microgpt::Real>(
                    axis_i_6_: impl ::microgpt::shape::Dim,
                    axis_t_5_: impl ::microgpt::shape::Dim,
                    d_result_1_: &[T],
                    d_x_0_: &mut [T],
                    result_at_2_: &[T],
                ) {
                    let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
                    let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                    let row_len_ = len_i_6_;
                    for t_3_ in 0..len_t_5_ {
                        let value1_ = result_at_2_[t_3_];
                        let value2_ = d_result_1_[t_3_];
                        ::microgpt::expr::accumulate(
                            &mut d_x_0_[(t_3_) * len_i_6_ + 0..][..row_len_],
                            [],
                            |sum_, position_, []| {
                                ::microgpt::ops::add(
                                    sum_,
                                    ::microgpt::expr::where_at(position_, value1_, value2_),
                                )
                            },
                        );
                    }
                }
                backward_0_x_0_(axis_i_6_, axis_t_5_, d_result_1_, d_x_0_, result_at_2_);
            }
        },
        |(axis_t_5_, axis_i_6_, x_0_saved_)| {
            let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
            let len_i_6_ = ::microgpt::shape::Dim::len(axis_i_6_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_0_saved_.active()])
                .and("result", &[], &[(len_t_5_, 0)])
                .and("result_at", &[0], &[(len_t_5_, 0)])
                .without_gradient()
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_t_5_,))
}
