# Lists what one can do.
_:
    @just --list --unsorted

# What CI runs first: format, lints, docs.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet

# Runs the tests whose name holds the filter.
test filter="":
    cargo test --workspace {{filter}}

# Accepts changed snapshots, after a look at each.
accept:
    cargo insta review

# Simulates the planner from one seed (see `cargo xtask sim --help` for many).
sim seed="0":
    cargo xtask sim --seed {{seed}} --count 1

# Starts every role on one machine.
up *args:
    cargo run --release -- all-in-one {{args}}

# Everything that CI runs, on a fresh machine.
ci:
    cargo xtask test

# Walks the tenant guide with the unmodified client (mode: process or namespace).
guide mode="process":
    cargo xtask guide --mode {{mode}}

# Lets Schemathesis call the API with what its OpenAPI document allows.
schemathesis seconds="600":
    cargo xtask schemathesis --seconds {{seconds}}

# Measures beside peers: `just bench proxy`.
bench *args:
    cargo xtask bench {{args}}

# Makes `just check` run before each commit.
hooks:
    git config core.hooksPath .githooks
