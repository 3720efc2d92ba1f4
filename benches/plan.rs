//! How long a plan takes: `cargo bench --bench plan` measures, `cargo test --bench plan` runs each
//! case once. How much memory it takes is measured apart, because counting costs time.

mod stacks;

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}
