//! Times the hot paths of `protocol`.

use criterion::{Criterion, criterion_group, criterion_main};

fn time(criterion: &mut Criterion) {
    for mut path in rtm_hot_paths::protocol() {
        criterion.bench_function(path.name, |bencher| bencher.iter(&mut path.walk));
    }
}

criterion_group!(hot_paths, time);
criterion_main!(hot_paths);
