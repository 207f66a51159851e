fn causal_sum() {
    let p_0_ = &p;
    let v_1_ = &v;
    #[allow(unused_braces)]
    let (p_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >({ p_0_ });
    let real_ = ::microgpt::expr::precision(&p_0_source_);
    #[allow(unused_braces)]
    let (p_0_axis_0_, p_0_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (v_1_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >(real_, { v_1_ });
    #[allow(unused_braces)]
    let (v_1_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    let axis_t_5_ = p_0_axis_0_;
    let axis_whole_6_ = p_0_axis_1_;
    let axis_whole_7_ = v_1_axis_0_;
    let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
    let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
    let len_whole_7_ = ::microgpt::shape::Dim::len(axis_whole_7_);
    ::microgpt::expr::on_axis(
        0,
        ::microgpt::expr::signed(len_t_5_, 1),
        0,
        len_whole_6_,
        "axis 1 of `p`",
        |values_| {
            for t_3_ in 0..len_t_5_ {
                values_.range(0, t_3_ + 1);
            }
        },
    );
    ::microgpt::expr::on_axis(
        0,
        ::microgpt::expr::signed(len_t_5_, 1),
        0,
        len_whole_7_,
        "axis 0 of `v`",
        |values_| {
            for t_3_ in 0..len_t_5_ {
                values_.range(0, t_3_ + 1);
            }
        },
    );
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, p_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, v_1_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_t_5_]);
    let (p_0_saved_, size_) = ::microgpt::expr::Source::save(p_0_source_, size_);
    let (v_1_saved_, size_) = ::microgpt::expr::Source::save(v_1_source_, size_);
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
            let p_0_ = ::microgpt::expr::Source::read(&p_0_source_, below_);
            let v_1_ = ::microgpt::expr::Source::read(&v_1_source_, below_);
            let (result_2_, own_) = own_.split_at_mut(len_t_5_);
            /// `result = [sum(p[t, s] * v[s] for s in 0..t+1) for t]`
            #[inline(never)]
            fn forward_result_2_<T: ::microgpt::Real>(
                axis_t_5_: impl ::microgpt::shape::Dim,
                axis_whole_6_: impl ::microgpt::shape::Dim,
                p_0_: &[T],
                result_2_: &mut [T],
                v_1_: &[T],
            ) {
                let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
                for t_3_ in 0..len_t_5_ {
                    let row_len_ = t_3_ + 1;
                    let row1_ = &p_0_[(t_3_) * len_whole_6_ + 0..][..row_len_];
                    let row2_ = &v_1_[0..][..row_len_];
                    let sum_ = &mut ::microgpt::expr::Sum::new();
                    sum_.row(
                        row_len_,
                        [row1_, row2_],
                        |sum_, position_, [row1_, row2_]| {
                            ::microgpt::expr::fma(row1_, row2_, sum_)
                        },
                    );
                    result_2_[t_3_] = sum_.total();
                }
            }
            forward_result_2_(axis_t_5_, axis_whole_6_, p_0_, result_2_, v_1_);
            let result_2_ = &*result_2_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(p_0_source_));
            ::microgpt::expr::Source::copy(p_0_source_, copy_);
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(v_1_source_));
            ::microgpt::expr::Source::copy(v_1_source_, copy_);
        },
        (axis_t_5_, axis_whole_6_, axis_whole_7_, p_0_saved_, v_1_saved_),
        move |(axis_t_5_, axis_whole_6_, axis_whole_7_, p_0_saved_, v_1_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
            let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
            let len_whole_7_ = ::microgpt::shape::Dim::len(axis_whole_7_);
            let p_0_ = p_0_saved_.values(values_, start_, len_t_5_ * len_whole_6_);
            let v_1_ = v_1_saved_.values(values_, start_, len_whole_7_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_2_, own_values_) = own_values_.split_at(len_t_5_);
            let (d_result_2_, own_) = own_.split_at_mut(len_t_5_);
            if v_1_saved_.active() {
                let d_v_1_ = v_1_saved_.gradients(below_, len_whole_7_);
                /// `∂v[s] += ∂result[t] * p[t, s] for t, s in 0..t+1`
                #[inline(never)]
                fn backward_0_v_1_<T: ::microgpt::Real>(
                    axis_t_5_: impl ::microgpt::shape::Dim,
                    axis_whole_6_: impl ::microgpt::shape::Dim,
                    d_result_2_: &[T],
                    d_v_1_: &mut [T],
                    p_0_: &[T],
                ) {
                    let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                    let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
                    for t_3_ in 0..len_t_5_ {
                        let row_len_ = t_3_ + 1;
                        let value1_ = d_result_2_[t_3_];
                        let row2_ = &p_0_[(t_3_) * len_whole_6_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_v_1_[0..][..row_len_],
                            [row2_],
                            |sum_, position_, [row2_]| {
                                ::microgpt::expr::fma(value1_, row2_, sum_)
                            },
                        );
                    }
                }
                backward_0_v_1_(axis_t_5_, axis_whole_6_, d_result_2_, d_v_1_, p_0_);
            }
            if p_0_saved_.active() {
                let d_p_0_ = p_0_saved_.gradients(below_, len_t_5_ * len_whole_6_);
                /// `∂p[t, s] += ∂result[t] * v[s] for t, s in 0..t+1`
                #[inline(never)]
                fn backward_1_p_0_<T: ::microgpt::Real>(
                    axis_t_5_: impl ::microgpt::shape::Dim,
                    axis_whole_6_: impl ::microgpt::shape::Dim,
                    d_p_0_: &mut [T],
                    d_result_2_: &[T],
                    v_1_: &[T],
                ) {
                    let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
                    let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
                    for t_3_ in 0..len_t_5_ {
                        let row_len_ = t_3_ + 1;
                        let value1_ = d_result_2_[t_3_];
                        let row2_ = &v_1_[0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_p_0_[(t_3_) * len_whole_6_ + 0..][..row_len_],
                            [row2_],
                            |sum_, position_, [row2_]| {
                                ::microgpt::expr::fma(value1_, row2_, sum_)
                            },
                        );
                    }
                }
                backward_1_p_0_(axis_t_5_, axis_whole_6_, d_p_0_, d_result_2_, v_1_);
            }
        },
        |(axis_t_5_, axis_whole_6_, axis_whole_7_, p_0_saved_, v_1_saved_)| {
            let len_t_5_ = ::microgpt::shape::Dim::len(axis_t_5_);
            let len_whole_6_ = ::microgpt::shape::Dim::len(axis_whole_6_);
            let len_whole_7_ = ::microgpt::shape::Dim::len(axis_whole_7_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[v_1_saved_.active(), p_0_saved_.active()])
                .and("result", &[], &[(len_t_5_, 0)])
                .reads("p", &[0], p_0_saved_, len_t_5_ * len_whole_6_)
                .reads("v", &[1], v_1_saved_, len_whole_7_)
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_t_5_,))
}
