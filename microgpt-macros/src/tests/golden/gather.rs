fn gather() {
    let wte_0_ = &wte;
    let wpe_1_ = &wpe;
    let ids_2_ = &ids;
    #[allow(unused_braces)]
    let (wte_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >({ wte_0_ });
    let real_ = ::microgpt::expr::precision(&wte_0_source_);
    #[allow(unused_braces)]
    let (wte_0_axis_0_, wte_0_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (wpe_1_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
        _,
        _,
    >(real_, { wpe_1_ });
    #[allow(unused_braces)]
    let (wpe_1_axis_0_, wpe_1_axis_1_) = ::microgpt::expr::axes::<
        ::microgpt::expr::TwoSubscripts,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (ids_2_, shape_) = ::microgpt::expr::open_integers({ ids_2_ });
    #[allow(unused_braces)]
    let (ids_2_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    let axis_whole_8_ = wte_0_axis_0_;
    let axis_i_7_ = wte_0_axis_1_;
    #[allow(unused_braces)]
    let axis_i_7_ = ::microgpt::expr::same(
        { axis_i_7_ },
        { wpe_1_axis_1_ },
        ("`i`", "axis 1 of `wte`", "axis 1 of `wpe`"),
    );
    let axis_t_6_ = ids_2_axis_0_;
    #[allow(unused_braces)]
    let axis_t_6_ = ::microgpt::expr::same(
        { axis_t_6_ },
        { wpe_1_axis_0_ },
        ("`t`", "axis 0 of `ids`", "axis 0 of `wpe`"),
    );
    let len_whole_8_ = ::microgpt::shape::Dim::len(axis_whole_8_);
    let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
    ::microgpt::expr::ids_on_axis(ids_2_, 0, len_whole_8_, "ids", "axis 0 of `wte`");
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, wte_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, wpe_1_source_);
    let size_ = ::microgpt::expr::size("`result`", [len_t_6_, len_i_7_]);
    let wte_0_saved_ = ::microgpt::expr::Source::saved(wte_0_source_, 0);
    let wpe_1_saved_ = ::microgpt::expr::Source::saved(wpe_1_source_, 0);
    #[allow(unused, unused_qualifications, clippy::all, clippy::pedantic)]
    let store_ = ::microgpt::expr::evaluate(
        real_,
        activity_,
        ::microgpt::expr::Sizes {
            all: size_,
            intermediates: 0,
        },
        &[ids_2_],
        |below_, own_| {
            let wte_0_ = ::microgpt::expr::Source::read(&wte_0_source_, below_);
            let wpe_1_ = ::microgpt::expr::Source::read(&wpe_1_source_, below_);
            let (result_3_, own_) = own_.split_at_mut(len_t_6_ * len_i_7_);
            /// `result = [wte[ids[t], i] + wpe[t, i] for t, i]`
            #[inline(never)]
            fn forward_result_3_<T: ::microgpt::Real>(
                axis_i_7_: impl ::microgpt::shape::Dim,
                axis_t_6_: impl ::microgpt::shape::Dim,
                ids_2_: &[::core::primitive::usize],
                result_3_: &mut [T],
                wpe_1_: &[T],
                wte_0_: &[T],
            ) {
                let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
                let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
                let row_len_ = len_i_7_;
                for t_4_ in 0..len_t_6_ {
                    let row1_ = &wte_0_[(ids_2_[t_4_]) * len_i_7_ + 0..][..row_len_];
                    let row2_ = &wpe_1_[(t_4_) * len_i_7_ + 0..][..row_len_];
                    ::microgpt::expr::map(
                        &mut result_3_[(t_4_) * len_i_7_ + 0..][..row_len_],
                        [row1_, row2_],
                        |position_, [row1_, row2_]| {
                            ::microgpt::ops::add(row1_, row2_)
                        },
                    );
                }
            }
            forward_result_3_(axis_i_7_, axis_t_6_, ids_2_, result_3_, wpe_1_, wte_0_);
            let result_3_ = &*result_3_;
        },
        (axis_whole_8_, axis_i_7_, axis_t_6_, wte_0_saved_, wpe_1_saved_),
        move |(axis_whole_8_, axis_i_7_, axis_t_6_, wte_0_saved_, wpe_1_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_whole_8_ = ::microgpt::shape::Dim::len(axis_whole_8_);
            let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
            let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
            let (ids_2_, integers_) = integers_.split_at(len_t_6_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_3_, own_values_) = own_values_.split_at(len_t_6_ * len_i_7_);
            let (d_result_3_, own_) = own_.split_at_mut(len_t_6_ * len_i_7_);
            if wpe_1_saved_.active() {
                let d_wpe_1_ = wpe_1_saved_.gradients(below_, len_t_6_ * len_i_7_);
                /// `∂wpe[t, i] += ∂result[t, i] for t, i`
                #[inline(never)]
                fn backward_0_wpe_1_<T: ::microgpt::Real>(
                    axis_i_7_: impl ::microgpt::shape::Dim,
                    axis_t_6_: impl ::microgpt::shape::Dim,
                    d_result_3_: &[T],
                    d_wpe_1_: &mut [T],
                ) {
                    let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
                    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
                    let row_len_ = len_i_7_;
                    for t_4_ in 0..len_t_6_ {
                        let row1_ = &d_result_3_[(t_4_) * len_i_7_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_wpe_1_[(t_4_) * len_i_7_ + 0..][..row_len_],
                            [row1_],
                            |sum_, position_, [row1_]| {
                                ::microgpt::ops::add(sum_, row1_)
                            },
                        );
                    }
                }
                backward_0_wpe_1_(axis_i_7_, axis_t_6_, d_result_3_, d_wpe_1_);
            }
            if wte_0_saved_.active() {
                let d_wte_0_ = wte_0_saved_.gradients(below_, len_whole_8_ * len_i_7_);
                /// `∂wte[ids[t], i] += ∂result[t, i] for t, i`
                #[inline(never)]
                fn backward_1_wte_0_<T: ::microgpt::Real>(
                    axis_i_7_: impl ::microgpt::shape::Dim,
                    axis_t_6_: impl ::microgpt::shape::Dim,
                    d_result_3_: &[T],
                    d_wte_0_: &mut [T],
                    ids_2_: &[::core::primitive::usize],
                ) {
                    let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
                    let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
                    let row_len_ = len_i_7_;
                    for t_4_ in 0..len_t_6_ {
                        let row1_ = &d_result_3_[(t_4_) * len_i_7_ + 0..][..row_len_];
                        ::microgpt::expr::accumulate(
                            &mut d_wte_0_[(ids_2_[t_4_]) * len_i_7_ + 0..][..row_len_],
                            [row1_],
                            |sum_, position_, [row1_]| {
                                ::microgpt::ops::add(sum_, row1_)
                            },
                        );
                    }
                }
                backward_1_wte_0_(axis_i_7_, axis_t_6_, d_result_3_, d_wte_0_, ids_2_);
            }
        },
        |(axis_whole_8_, axis_i_7_, axis_t_6_, wte_0_saved_, wpe_1_saved_)| {
            let len_whole_8_ = ::microgpt::shape::Dim::len(axis_whole_8_);
            let len_i_7_ = ::microgpt::shape::Dim::len(axis_i_7_);
            let len_t_6_ = ::microgpt::shape::Dim::len(axis_t_6_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[wpe_1_saved_.active(), wte_0_saved_.active()])
                .and("result", &[], &[(len_t_6_, 0), (len_i_7_, 0)])
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, (axis_t_6_, axis_i_7_))
}
