using Kublambda.Gc.Cleaning;

namespace Kublambda.Gc.Tests;

public sealed class DeletionPlanTests
{
    [Fact]
    public void Nothing_gives_nothing() => Assert.Empty(DeletionPlan.PlanDeletion(new Dictionary<string, string>(), []));

    [Fact]
    public void An_index_goes_before_what_it_lists_at_any_depth()
    {
        var order = DeletionPlan.PlanDeletion(Tags("inner", "outer", "leaf"), [Node("leaf"), Node("inner", "leaf"), Node("outer", "inner", "leaf")]);

        Assert.Equal(["outer", "inner", "leaf"], order);
    }

    [Fact]
    public void A_child_of_two_indexes_waits_for_both_and_goes_once()
    {
        var order = DeletionPlan.PlanDeletion(Tags("z", "a"), [Node("a", "child", "child"), Node("z", "child"), Node("child")]);

        Assert.Equal(["a", "z", "child"], order);
    }

    [Fact]
    public void Two_tags_of_one_manifest_are_one_deletion()
    {
        var tags = new Dictionary<string, string> { ["v1"] = "m", ["v2"] = "m" };

        Assert.Equal(["m"], DeletionPlan.PlanDeletion(tags, [Node("m")]));
    }

    [Fact]
    public void A_tagged_manifest_that_could_not_be_read_and_children_that_are_missing_do_no_harm()
    {
        var order = DeletionPlan.PlanDeletion(Tags("unread", "index"), [Node("index", "missing")]);

        Assert.Equal(["index", "unread"], order);
    }

    [Fact]
    public void Any_order_of_the_inventory_gives_the_same_plan()
    {
        ManifestNode[] nodes = [Node("a", "c"), Node("b", "c", "d"), Node("c", "e"), Node("d", "e"), Node("e")];
        var expected = DeletionPlan.PlanDeletion(Tags("a", "b"), nodes);

        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var shuffled = nodes.OrderBy(_ => random.Next()).ToList();
            Assert.Equal(expected, DeletionPlan.PlanDeletion(Tags("b", "a"), shuffled));
        }
        Assert.Equal(["a", "b", "c", "d", "e"], expected);
    }

    private static ManifestNode Node(string digest, params string[] children) => new(digest, children);

    private static Dictionary<string, string> Tags(params string[] digests) => digests.ToDictionary(d => $"tag-{d}", d => d);
}
