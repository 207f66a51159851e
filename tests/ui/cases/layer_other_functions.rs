use microgpt::layer;

layer! {
    pub const fn one(x: [t]) -> [t] {
        [x[t] for t]
    }

    async unsafe fn two(x: [t]) -> [t] {
        [x[t] for t]
    }

    extern "C" fn three(x: [t]) -> [t] {
        [x[t] for t]
    }
}

fn main() {}
