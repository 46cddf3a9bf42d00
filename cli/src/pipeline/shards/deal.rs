//! Dealing groups of things to shards.

/// Deals `groups` to `shards` hands: the largest first, each to the hand that holds the least so far. Groups of one,
/// the usual case, go round like cards, so that neighbours, which are instances of one stack and take about as long,
/// end up in different hands. Nothing but the arguments decides.
pub(super) fn deal<T>(groups: Vec<Vec<T>>, shards: usize) -> Vec<Vec<T>> {
    let mut hands: Vec<Vec<T>> = std::iter::repeat_with(Vec::new).take(shards).collect();
    let mut groups = groups;
    // A stable sort: equal groups stay in their order.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    for group in groups {
        // The first of the smallest.
        if let Some(hand) = hands.iter_mut().min_by_key(|hand| hand.len()) {
            hand.extend(group);
        }
    }
    hands
}

/// The groups that `links` make out of `count` things: what is linked, directly or not, is in one group. Groups and
/// their members are in the order of the things.
pub(super) fn groups(count: usize, links: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..count).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for &(one, other) in links {
        let (one, other) = (root(&mut parent, one), root(&mut parent, other));
        // The earlier one stays, so that a group stands where its first member does.
        parent[one.max(other)] = one.min(other);
    }
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
    for at in 0..count {
        groups[root(&mut parent, at)].push(at);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn single_things_go_round() {
        let singles = groups(5, &[]);
        assert_eq!(deal(singles, 2), [vec![0, 2, 4], vec![1, 3]]);
    }

    #[test]
    fn what_is_linked_stays_together_and_is_weighed() {
        let linked = groups(6, &[(4, 1), (5, 4)]);
        assert_eq!(linked, [vec![0], vec![1, 4, 5], vec![2], vec![3]]);
        assert_eq!(deal(linked, 2), [vec![1, 4, 5], vec![0, 2, 3]]);
    }

    proptest! {
        #[test]
        fn everything_is_dealt_once_and_fairly(
            count in 0usize..60, shards in 1usize..9,
            links in proptest::collection::vec((0usize..60, 0usize..60), 0..20),
        ) {
            let links: Vec<_> = links.into_iter().filter(|(one, other)| *one < count && *other < count).collect();
            let made = groups(count, &links);
            for (one, other) in links {
                prop_assert!(made.iter().any(|group| group.contains(&one) && group.contains(&other)));
            }
            let largest = made.iter().map(Vec::len).max().unwrap_or(0);
            let hands = deal(made, shards);
            prop_assert_eq!(hands.len(), shards);
            let (most, least) = (hands.iter().map(Vec::len).max().unwrap(), hands.iter().map(Vec::len).min().unwrap());
            // A hand gets something only while it holds the least.
            prop_assert!(most - least <= largest, "{:?}", hands);
            let mut all: Vec<usize> = hands.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..count).collect::<Vec<_>>());
        }
    }
}
