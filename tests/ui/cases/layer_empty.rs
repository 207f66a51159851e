use microgpt::layer;

layer! {}

fn main() {}
