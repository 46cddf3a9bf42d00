//! Who reads whose outputs in a run, and what of them is not known yet.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use crate::{
    closure::{ReadOutputs, Upstream},
    platform::{EnvironmentName, Instance},
    terraform::StandIn,
};

/// Stands for the environment of shared stacks, in keys.
const SHARED: &str = "shared";

/// A data source that reads states of others in the run.
#[derive(Debug, Clone)]
pub(in crate::pipeline) struct Read {
    /// The folder of the stack or module that has the data source.
    pub(super) module: String,
    /// Its name.
    pub(super) block: String,
    /// What is used of it.
    outputs: ReadOutputs,
    /// The instances whose states it may read.
    producers: BTreeSet<usize>,
    /// Whether it reads exactly one state.
    single: bool,
}

/// What is known of an instance once it is planned or previewed.
#[derive(Debug)]
pub(in crate::pipeline) struct Foreseen {
    /// Its stage.
    pub(in crate::pipeline) stage: usize,
    /// Its outputs afterwards, or why they cannot be told.
    pub(in crate::pipeline) outputs: Result<Arc<StandIn>, String>,
}

/// What an instance waits for.
#[derive(Debug)]
pub(in crate::pipeline) struct Wait {
    /// Its stage, 2 or more.
    pub(in crate::pipeline) stage: usize,
    /// The instances that it waits for, by index.
    pub(in crate::pipeline) after: BTreeSet<usize>,
    /// What the data sources are to read in a preview, or why there can be none.
    pub(in crate::pipeline) stand_ins: Result<Vec<(Read, Arc<StandIn>)>, String>,
}

/// The instances of a run, by index.
#[derive(Debug)]
pub(in crate::pipeline) struct Graph {
    reads: Vec<Vec<Read>>,
    /// Those that another one reads.
    producers: BTreeSet<usize>,
    foreseen: Vec<OnceLock<Foreseen>>,
}

impl Graph {
    /// The graph of instances with the states that each reads; `environments` are all that the platform has.
    pub(in crate::pipeline) fn of(
        instances: &[(&Instance, &BTreeSet<Upstream>)],
        environments: &[&EnvironmentName],
    ) -> Self {
        let nodes = Nodes { instances, environments };
        let reads: Vec<_> = instances.iter().map(|(instance, upstream)| reads(instance, upstream, &nodes)).collect();
        let producers = reads.iter().flatten().flat_map(|read| read.producers.iter().copied()).collect();
        Self { reads, producers, foreseen: instances.iter().map(|_| OnceLock::new()).collect() }
    }

    /// For each instance those that have to be planned before.
    pub(in crate::pipeline) fn before(&self) -> Vec<Vec<usize>> {
        let producers = |reads: &Vec<Read>| reads.iter().flat_map(|read| read.producers.clone()).collect();
        self.reads.iter().map(producers).map(|all: BTreeSet<usize>| all.into_iter().collect()).collect()
    }

    /// Whether another instance reads outputs of this one.
    pub(in crate::pipeline) fn is_read(&self, index: usize) -> bool {
        self.producers.contains(&index)
    }

    /// Notes what came of planning an instance.
    pub(in crate::pipeline) fn settle(&self, index: usize, foreseen: Foreseen) {
        // An instance is planned once.
        let _ = self.foreseen[index].set(foreseen);
    }

    /// What an instance waits for, when all that comes before it is settled; `None`: nothing.
    pub(in crate::pipeline) fn wait(&self, index: usize) -> Option<Wait> {
        let mut wait = Wait { stage: 1, after: BTreeSet::new(), stand_ins: Ok(Vec::new()) };
        for read in &self.reads[index] {
            let settled = read.producers.iter().filter_map(|&index| Some((index, self.foreseen[index].get()?)));
            for (producer, foreseen) in settled.filter(|(_, foreseen)| foreseen.matters_to(read)) {
                wait.after.insert(producer);
                wait.stage = wait.stage.max(foreseen.stage + 1);
                let stand_in = match &foreseen.outputs {
                    Ok(_) if !read.single => {
                        Err(format!("`data.terraform_remote_state.{}` reads more than one state", read.block))
                    }
                    Ok(stand_in) => Ok((read.clone(), Arc::clone(stand_in))),
                    Err(reason) => Err(reason.clone()),
                };
                match (&mut wait.stand_ins, stand_in) {
                    (Ok(all), Ok(stand_in)) => all.push(stand_in),
                    (Ok(_), Err(reason)) => wait.stand_ins = Err(reason),
                    (Err(_), _) => {}
                }
            }
        }
        (!wait.after.is_empty()).then_some(wait)
    }
}

impl Foreseen {
    /// Whether a plan that goes by the present state would not hold when this instance is applied.
    fn matters_to(&self, read: &Read) -> bool {
        match &self.outputs {
            Ok(outputs) => !outputs.exists() || outputs.changed().iter().any(|name| read.outputs.has(name)),
            Err(_) => true,
        }
    }
}

/// The data sources of `instance` that read states of `nodes`.
fn reads(instance: &Instance, upstream: &BTreeSet<Upstream>, nodes: &Nodes<'_>) -> Vec<Read> {
    let mut blocks: BTreeMap<(&str, &str), Vec<&Upstream>> = BTreeMap::new();
    for upstream in upstream {
        blocks.entry((&upstream.module, &upstream.block)).or_default().push(upstream);
    }
    let read = |((module, block), upstream): ((&str, &str), Vec<&Upstream>)| {
        let mut producers = BTreeSet::new();
        let mut single = upstream.iter().all(|it| !it.repeated && it.name == upstream[0].name);
        for (index, (node, _)) in nodes.instances.iter().enumerate().filter(|(_, (node, _))| *node != instance) {
            let readers = upstream.iter().filter(|it| nodes.may_be_read(node, it, instance));
            for reader in readers {
                producers.insert(index);
                // Otherwise an environment that is not in this run may be meant as well.
                let settled = instance.environment.is_some() || node.environment.is_none();
                single &= settled || nodes.environment_of(reader).is_some();
            }
        }
        single &= producers.len() == 1;
        let outputs = upstream[0].outputs.clone();
        Read { module: module.to_owned(), block: block.to_owned(), outputs, producers, single }
    };
    blocks.into_iter().map(read).filter(|read| !read.producers.is_empty()).collect()
}

/// The instances of a run with the states that each reads, and the names of all environments.
struct Nodes<'a> {
    instances: &'a [(&'a Instance, &'a BTreeSet<Upstream>)],
    environments: &'a [&'a EnvironmentName],
}

impl Nodes<'_> {
    /// The environment that the key of a state names: keys of kstack begin with it.
    fn environment_of<'u>(&self, upstream: &'u Upstream) -> Option<&'u str> {
        let named = upstream.environment.as_deref()?;
        (named == SHARED || self.environments.iter().any(|name| name.as_str() == named)).then_some(named)
    }

    /// Whether `upstream`, in the configuration of `instance`, may be the state of `node`.
    fn may_be_read(&self, node: &Instance, upstream: &Upstream, instance: &Instance) -> bool {
        upstream.name == node.stack.as_str()
            && match (self.environment_of(upstream), &instance.environment) {
                (Some(named), _) => node.environment.as_ref().map_or(SHARED, EnvironmentName::as_str) == named,
                (None, Some(own)) => node.environment.as_ref().is_none_or(|name| name == own),
                (None, None) => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(text: &str) -> Instance {
        let (environment, stack) = text.split_once('/').unwrap();
        Instance {
            stack: stack.parse().unwrap(),
            environment: (environment != SHARED).then(|| environment.parse().unwrap()),
        }
    }

    /// A data source `block` that reads the outputs `id` of a state, by the last two parts of its key.
    fn upstream(block: &str, key: &str) -> Upstream {
        let (environment, name) = key.rsplit_once('/').map_or((None, key), |(folder, name)| (Some(folder), name));
        Upstream {
            name: name.to_owned(),
            environment: environment.map(str::to_owned),
            path: "infra/x/main.tf".to_owned(),
            line: 1,
            module: "infra/x".to_owned(),
            block: block.to_owned(),
            repeated: false,
            outputs: ReadOutputs::Named(BTreeSet::from(["id".to_owned()])),
        }
    }

    fn graph(nodes: &[(&str, &[Upstream])]) -> Graph {
        let nodes: Vec<(Instance, BTreeSet<Upstream>)> =
            nodes.iter().map(|(key, upstream)| (instance(key), upstream.iter().cloned().collect())).collect();
        let nodes: Vec<_> = nodes.iter().map(|(instance, upstream)| (instance, upstream)).collect();
        let environments = ["ops", "apps"].map(|name| name.parse::<EnvironmentName>().unwrap());
        Graph::of(&nodes, &environments.iter().collect::<Vec<_>>())
    }

    fn settle(graph: &Graph, index: usize, stage: usize, outputs: Result<StandIn, &str>) {
        graph.settle(index, Foreseen { stage, outputs: outputs.map(Arc::new).map_err(str::to_owned) });
    }

    /// The stage of an instance, what it waits for, and whether there can be a preview.
    fn waits(graph: &Graph, index: usize) -> Option<(usize, Vec<usize>, Result<usize, String>)> {
        let Wait { stage, after, stand_ins } = graph.wait(index)?;
        Some((stage, after.into_iter().collect(), stand_ins.map(|all| all.len())))
    }

    #[test]
    fn states_are_matched_by_stack_and_environment() {
        for (reader, key, before) in [
            ("ops/b", "ops/a", &[0][..]),
            ("ops/b", "a", &[0]),
            // A key of another make.
            ("ops/b", "terraform/a", &[0]),
            ("ops/b", "apps/a", &[1]),
            ("apps/b", "a", &[1]),
            ("ops/b", "net", &[2]),
            ("shared/b", "apps/a", &[1]),
            ("shared/b", "a", &[0, 1]),
            ("ops/b", "ops/other", &[]),
            ("ops/b", "b", &[]),
        ] {
            let graph = graph(&[("ops/a", &[]), ("apps/a", &[]), ("shared/net", &[]), (reader, &[upstream("x", key)])]);
            assert_eq!(graph.before()[3], before, "{reader} reads {key}");
        }
    }

    #[test]
    fn only_what_is_read_and_changes_makes_a_stage() {
        let nodes: [(&str, &[Upstream]); 3] =
            [("ops/a", &[]), ("ops/b", &[upstream("a", "ops/a")]), ("ops/c", &[upstream("b", "ops/b")])];
        for (outputs, expected) in [
            (StandIn::made_of(&["id"], true), Some((2, vec![0], Ok(1)))),
            (StandIn::made_of(&["name"], true), None),
            (StandIn::made_of(&[], true), None),
            // Its state cannot be read at all.
            (StandIn::made_of(&["name"], false), Some((2, vec![0], Ok(1)))),
        ] {
            let graph = graph(&nodes);
            settle(&graph, 0, 1, Ok(outputs));
            assert_eq!(waits(&graph, 1), expected);
        }
        let graph = graph(&nodes);
        assert_eq!([graph.is_read(0), graph.is_read(1), graph.is_read(2)], [true, true, false]);
        settle(&graph, 0, 1, Ok(StandIn::made_of(&["id"], true)));
        // What cannot be foreseen cannot be built on either.
        settle(&graph, 1, 2, Err("it is a secret"));
        assert_eq!(waits(&graph, 2), Some((3, vec![1], Err("it is a secret".to_owned()))));
    }

    #[test]
    fn a_data_source_that_reads_several_states_has_no_preview() {
        let several = Err("`data.terraform_remote_state.x` reads more than one state".to_owned());
        let repeated = Upstream { repeated: true, ..upstream("x", "a") };
        let two: &[Upstream] = &[upstream("x", "a"), upstream("x", "net")];
        for (reader, reads) in [("ops/b", &[repeated][..]), ("ops/b", two), ("shared/b", &[upstream("x", "a")])] {
            let graph = graph(&[("ops/a", &[]), ("shared/net", &[]), (reader, reads)]);
            settle(&graph, 0, 1, Ok(StandIn::made_of(&["id"], true)));
            settle(&graph, 1, 1, Ok(StandIn::made_of(&[], true)));
            assert_eq!(waits(&graph, 2), Some((2, vec![0], several.clone())), "{reader}");
        }
        let graph =
            graph(&[("ops/a", &[]), ("shared/net", &[]), ("ops/b", &[upstream("x", "a"), upstream("y", "net")])]);
        settle(&graph, 0, 1, Ok(StandIn::made_of(&["id"], true)));
        settle(&graph, 1, 1, Ok(StandIn::made_of(&["id"], false)));
        assert_eq!(waits(&graph, 2), Some((2, vec![0, 1], Ok(2))));
    }
}
