fn dot() {
    let a_0_ = &a;
    let b_1_ = &b;
    #[allow(unused_braces)]
    let (a_0_source_, shape_) = ::microgpt::expr::open::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >({ a_0_ });
    let real_ = ::microgpt::expr::precision(&a_0_source_);
    #[allow(unused_braces)]
    let (a_0_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    #[allow(unused_braces)]
    let (b_1_source_, shape_) = ::microgpt::expr::open_as::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
        _,
        _,
    >(real_, { b_1_ });
    #[allow(unused_braces)]
    let (b_1_axis_0_,) = ::microgpt::expr::axes::<
        ::microgpt::expr::OneSubscript,
        _,
        _,
    >({ shape_ });
    let axis_i_4_ = a_0_axis_0_;
    #[allow(unused_braces)]
    let axis_i_4_ = ::microgpt::expr::same(
        { axis_i_4_ },
        { b_1_axis_0_ },
        ("`i`", "axis 0 of `a`", "axis 0 of `b`"),
    );
    let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
    let activity_ = ::microgpt::expr::Plain;
    let activity_ = ::microgpt::expr::join(activity_, real_, a_0_source_);
    let activity_ = ::microgpt::expr::join(activity_, real_, b_1_source_);
    let size_ = ::microgpt::expr::size("`result`", []);
    let (a_0_saved_, size_) = ::microgpt::expr::Source::save(a_0_source_, size_);
    let (b_1_saved_, size_) = ::microgpt::expr::Source::save(b_1_source_, size_);
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
            let a_0_ = ::microgpt::expr::Source::read(&a_0_source_, below_);
            let b_1_ = ::microgpt::expr::Source::read(&b_1_source_, below_);
            let (result_2_, own_) = own_.split_at_mut(1);
            /// `result = sum(a[i] * b[i] for i)`
            #[inline(never)]
            fn forward_result_2_<T: ::microgpt::Real>(
                a_0_: &[T],
                axis_i_4_: impl ::microgpt::shape::Dim,
                b_1_: &[T],
                result_2_: &mut [T],
            ) {
                let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
                let row_len_ = len_i_4_;
                let row1_ = &a_0_[0..][..row_len_];
                let row2_ = &b_1_[0..][..row_len_];
                let sum_ = &mut ::microgpt::expr::Sum::new();
                sum_.row(
                    row_len_,
                    [row1_, row2_],
                    |sum_, position_, [row1_, row2_]| {
                        ::microgpt::expr::fma(row1_, row2_, sum_)
                    },
                );
                result_2_[0] = sum_.total();
            }
            forward_result_2_(a_0_, axis_i_4_, b_1_, result_2_);
            let result_2_ = &*result_2_;
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(a_0_source_));
            ::microgpt::expr::Source::copy(a_0_source_, copy_);
            let (copy_, own_) = own_
                .split_at_mut(::microgpt::expr::Source::copied(b_1_source_));
            ::microgpt::expr::Source::copy(b_1_source_, copy_);
        },
        (axis_i_4_, a_0_saved_, b_1_saved_),
        move |(axis_i_4_, a_0_saved_, b_1_saved_), pass_| {
            let ::microgpt::tape::Pass {
                values: values_,
                gradients: gradients_,
                integers: integers_,
                start: start_,
            } = pass_;
            let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
            let a_0_ = a_0_saved_.values(values_, start_, len_i_4_);
            let b_1_ = b_1_saved_.values(values_, start_, len_i_4_);
            let own_values_ = &values_[start_..];
            let (below_, own_) = gradients_.split_at_mut(start_);
            let (result_2_, own_values_) = own_values_.split_at(1);
            let (d_result_2_, own_) = own_.split_at_mut(1);
            if b_1_saved_.active() {
                let d_b_1_ = b_1_saved_.gradients(below_, len_i_4_);
                /// `∂b[i] += ∂result * a[i] for i`
                #[inline(never)]
                fn backward_0_b_1_<T: ::microgpt::Real>(
                    a_0_: &[T],
                    axis_i_4_: impl ::microgpt::shape::Dim,
                    d_b_1_: &mut [T],
                    d_result_2_: &[T],
                ) {
                    let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
                    let row_len_ = len_i_4_;
                    let value1_ = d_result_2_[0];
                    let row2_ = &a_0_[0..][..row_len_];
                    ::microgpt::expr::accumulate(
                        &mut d_b_1_[0..][..row_len_],
                        [row2_],
                        |sum_, position_, [row2_]| {
                            ::microgpt::expr::fma(value1_, row2_, sum_)
                        },
                    );
                }
                backward_0_b_1_(a_0_, axis_i_4_, d_b_1_, d_result_2_);
            }
            if a_0_saved_.active() {
                let d_a_0_ = a_0_saved_.gradients(below_, len_i_4_);
                /// `∂a[i] += ∂result * b[i] for i`
                #[inline(never)]
                fn backward_1_a_0_<T: ::microgpt::Real>(
                    axis_i_4_: impl ::microgpt::shape::Dim,
                    b_1_: &[T],
                    d_a_0_: &mut [T],
                    d_result_2_: &[T],
                ) {
                    let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
                    let row_len_ = len_i_4_;
                    let value1_ = d_result_2_[0];
                    let row2_ = &b_1_[0..][..row_len_];
                    ::microgpt::expr::accumulate(
                        &mut d_a_0_[0..][..row_len_],
                        [row2_],
                        |sum_, position_, [row2_]| {
                            ::microgpt::expr::fma(value1_, row2_, sum_)
                        },
                    );
                }
                backward_1_a_0_(axis_i_4_, b_1_, d_a_0_, d_result_2_);
            }
        },
        |(axis_i_4_, a_0_saved_, b_1_saved_)| {
            let len_i_4_ = ::microgpt::shape::Dim::len(axis_i_4_);
            ::microgpt::expr::Equations::new(::core::file!(), ::core::line!())
                .active(&[b_1_saved_.active(), a_0_saved_.active()])
                .and("result", &[], &[])
                .reads("a", &[0], a_0_saved_, len_i_4_)
                .reads("b", &[1], b_1_saved_, len_i_4_)
        },
    );
    ::microgpt::expr::output(real_, activity_, &store_, 0, ())
}
