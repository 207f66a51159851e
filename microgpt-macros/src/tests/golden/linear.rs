fn linear() {
    let w_0_ = &w;
    let x_1_ = &x;
    #[allow(unused_braces)]
    let (w_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >({ w_0_ });
    let real_ = ::microgpt::expr::precision(&w_0_source_);
    #[allow(unused_braces)]
    let (w_0_axis_0_, w_0_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (x_1_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >(real_, { x_1_ });
    #[allow(unused_braces)]
    let (x_1_axis_0_, x_1_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    let axis_o_7_ = w_0_axis_0_;
    let axis_i_8_ = w_0_axis_1_;
    #[allow(unused_braces)]
    let axis_i_8_ = ::microgpt::expr::same(
        { axis_i_8_ },
        { x_1_axis_1_ },
        ("`i`", "axis 1 of `w`", "axis 1 of `x`"),
    );
    let axis_t_6_ = x_1_axis_0_;
    let len_o_7_ = ::microgpt::shape::Dim::len(axis_o_7_);
    let len_i_8_ = ::microgpt::shape::Dim::len(axis_i_8_);
    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, w_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, x_1_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_t_6_, len_o_7_]);
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
            let (result_2_, own_) = own_.split_at_mut(len_t_6_ * len_o_7_);
            /// `result = [sum(w[o, i] * x[t, i] for i) for t, o]`
            #[inline(never)]
            fn forward_result_2_<T: ::microgpt::Real>(
                axis_i_8_: impl ::microgpt::shape::Dim,
                axis_o_7_: impl ::microgpt::shape::Dim,
                axis_t_6_: impl ::microgpt::shape::Dim,
                below_: ::microgpt::expr::Below<'_, T>,
                result_2_: &mut [T],
                w_0_: &[T],
                x_1_: &[T],
            ) {
                let len_i_8_ = ::microgpt::shape::Dim::len(axis_i_8_);
                let len_o_7_ = ::microgpt::shape::Dim::len(axis_o_7_);
                let (t_3_, o_4_, i_5_) = (0, 0, 0);
                ::microgpt::expr::contract(
                    ::microgpt::expr::Target::new(
                        result_2_,
                        (t_3_) * len_o_7_ + o_4_,
                        len_o_7_,
                        false,
                    ),
                    ::microgpt::expr::Factor::new(
                        x_1_,
                        (t_3_) * len_i_8_ + i_5_,
                        len_i_8_,
                        1,
                    ),
                    ::microgpt::expr::Factor::new(
                            w_0_,
                            (o_4_) * len_i_8_ + i_5_,
                            len_i_8_,
                            1,
                        )
                        .below(below_),
                    (axis_t_6_, axis_o_7_, axis_i_8_),
                );
            }
            forward_result_2_(
                axis_i_8_,
                axis_o_7_,
                axis_t_6_,
                below_,
                result_2_,
                w_0_,
                x_1_,
            );
            let result_2_ = &*result_2_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(w_0_source_));
            ::microgpt::expr::Source::copy(w_0_source_, copy_);
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(x_1_source_));
            ::microgpt::expr::Source::copy(x_1_source_, copy_);
        },
        (axis_o_7_, axis_i_8_, axis_t_6_, w_0_saved_, x_1_saved_),
        move |(axis_o_7_, axis_i_8_, axis_t_6_, w_0_saved_, x_1_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_o_7_ = ::microgpt::shape::Dim::len(axis_o_7_);
            let len_i_8_ = ::microgpt::shape::Dim::len(axis_i_8_);
            let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
            let w_0_ = w_0_saved_.values(values_, start_, len_o_7_ * len_i_8_);
            let x_1_ = x_1_saved_.values(values_, start_, len_t_6_ * len_i_8_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_2_, own_values_) = own_values_.split_at(len_t_6_ * len_o_7_);
            let (d_result_2_, own_) = own_.split_at_mut(len_t_6_ * len_o_7_);
            if x_1_saved_.active() {
                let d_x_1_ = x_1_saved_.gradients(below_, len_t_6_ * len_i_8_);
                /// `∂x[t, i] += ∂result[t, o] * w[o, i] for t, o, i`
                #[inline(never)]
                fn backward_0_x_1_<T: ::microgpt::Real>(
                    axis_i_8_: impl ::microgpt::shape::Dim,
                    axis_o_7_: impl ::microgpt::shape::Dim,
                    axis_t_6_: impl ::microgpt::shape::Dim,
                    d_result_2_: &[T],
                    d_x_1_: &mut [T],
                    w_0_: &[T],
                ) {
                    let len_i_8_ = ::microgpt::shape::Dim::len(axis_i_8_);
                    let len_o_7_ = ::microgpt::shape::Dim::len(axis_o_7_);
                    let (t_3_, i_5_, o_4_) = (0, 0, 0);
                    ::microgpt::expr::contract(
                        ::microgpt::expr::Target::new(
                            d_x_1_,
                            (t_3_) * len_i_8_ + i_5_,
                            len_i_8_,
                            true,
                        ),
                        ::microgpt::expr::Factor::new(
                            d_result_2_,
                            (t_3_) * len_o_7_ + o_4_,
                            len_o_7_,
                            1,
                        ),
                        ::microgpt::expr::Factor::new(
                            w_0_,
                            (o_4_) * len_i_8_ + i_5_,
                            1,
                            len_i_8_,
                        ),
                        (axis_t_6_, axis_i_8_, axis_o_7_),
                    );
                }
                backward_0_x_1_(
                    axis_i_8_,
                    axis_o_7_,
                    axis_t_6_,
                    d_result_2_,
                    d_x_1_,
                    w_0_,
                );
            }
            if w_0_saved_.active() {
                let d_w_0_ = w_0_saved_.gradients(below_, len_o_7_ * len_i_8_);
                /// `∂w[o, i] += ∂result[t, o] * x[t, i] for t, o, i`
                #[inline(never)]
                fn backward_1_w_0_<T: ::microgpt::Real>(
                    axis_i_8_: impl ::microgpt::shape::Dim,
                    axis_o_7_: impl ::microgpt::shape::Dim,
                    axis_t_6_: impl ::microgpt::shape::Dim,
                    d_result_2_: &[T],
                    d_w_0_: &mut [T],
                    x_1_: &[T],
                ) {
                    let len_i_8_ = ::microgpt::shape::Dim::len(axis_i_8_);
                    let len_o_7_ = ::microgpt::shape::Dim::len(axis_o_7_);
                    let (o_4_, i_5_, t_3_) = (0, 0, 0);
                    ::microgpt::expr::contract(
                        ::microgpt::expr::Target::new(
                            d_w_0_,
                            (o_4_) * len_i_8_ + i_5_,
                            len_i_8_,
                            true,
                        ),
                        ::microgpt::expr::Factor::new(
                            d_result_2_,
                            (t_3_) * len_o_7_ + o_4_,
                            1,
                            len_o_7_,
                        ),
                        ::microgpt::expr::Factor::new(
                            x_1_,
                            (t_3_) * len_i_8_ + i_5_,
                            1,
                            len_i_8_,
                        ),
                        (axis_o_7_, axis_i_8_, axis_t_6_),
                    );
                }
                backward_1_w_0_(
                    axis_i_8_,
                    axis_o_7_,
                    axis_t_6_,
                    d_result_2_,
                    d_w_0_,
                    x_1_,
                );
            }
        },
        |(axis_o_7_, axis_i_8_, axis_t_6_, w_0_saved_, x_1_saved_)| {
            let len_o_7_ = ::microgpt::shape::Dim::len(axis_o_7_);
            let len_i_8_ = ::microgpt::shape::Dim::len(axis_i_8_);
            let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[x_1_saved_.active(), w_0_saved_.active()])
                .and("result", &[], &[(len_t_6_, 0), (len_o_7_, 0)])
                .reads("w", &[0], w_0_saved_, len_o_7_ * len_i_8_)
                .reads("x", &[1], x_1_saved_, len_t_6_ * len_i_8_)
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_t_6_, axis_o_7_))
}
