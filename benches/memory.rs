//! How much memory a plan takes: `cargo bench --bench memory`.

mod stacks;

use divan::AllocProfiler;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}
