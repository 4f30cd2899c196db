using Kublambda.Contracts.Resources;
using Kublambda.Controller.Validation;

namespace Kublambda.Controller.Tests;

public sealed class ResourceTriggerRulesTests
{
    private static readonly ResourceTrigger Good = new()
    {
        ApiVersion = "example.com/v1beta1",
        Kind = "Order",
        Namespaces = ["shop", "desk"],
        LabelSelector = "app in (shop, desk), tier != test",
        FieldSelector = "metadata.name=orders",
        Events = ["Added", "Deleted"],
        Condition = "event == 'Deleted' || object.spec.?count.orValue(0) > 3 && lambda.namespace == 'shop'",
    };

    private static IReadOnlyList<Problem> Check(ResourceTrigger trigger) => [.. ResourceTriggerRules.Check("resource", trigger)];

    [Fact]
    public void A_trigger_with_every_field_is_accepted() => Assert.Empty(Check(Good));

    [Fact]
    public void A_trigger_with_the_kind_alone_is_accepted() => Assert.Empty(Check(new ResourceTrigger { ApiVersion = "v1", Kind = "ConfigMap" }));

    public static TheoryData<string, ResourceTrigger, string> Mistakes => new()
    {
        { "apiVersion", Good with { ApiVersion = "apps/v1/x" }, "write group/version" },
        { "kind", Good with { Kind = "orders" }, "in the singular and with a capital" },
        { "namespaces", Good with { Namespaces = ["Shop"] }, "not the name of a namespace" },
        { "namespaces", Good with { Namespaces = ["*", "shop"] }, "write it alone" },
        { "labelSelector", Good with { LabelSelector = "app in (shop" }, "parenthesis" },
        { "fieldSelector", Good with { FieldSelector = "status.phase" }, "path=value" },
        { "events", Good with { Events = ["Changed"] }, "Added, Modified, Deleted" },
        { "condition", Good with { Condition = "objekt.spec.count > 3" }, "line 1, column 1" },
        { "condition", Good with { Condition = "event == 'Added'\n  && object.spec.count >" }, "line 2" },
        { "condition", Good with { Condition = "object.spec.count > 3 &&\n  size('x')" }, "line 2, column" },
        { "condition", Good with { Condition = "'yes'" }, "not bool" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_is_named_by_its_field_and_says_what_to_write(string field, ResourceTrigger trigger, string words)
    {
        var problem = Assert.Single(Check(trigger));
        Assert.Equal($"resource.{field}", problem.Field);
        Assert.Contains(words, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mark_stands_below_the_column_of_a_mistake_in_a_condition()
    {
        var problem = Assert.Single(Check(Good with { Condition = "event == 'Added' &&\n  objekt.spec.count > 3" }));
        Assert.Contains("line 2, column 3: ", problem.Message, StringComparison.Ordinal);
        Assert.EndsWith("\n      objekt.spec.count > 3\n      ^", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mistake_of_a_condition_is_told() =>
        Assert.Equal(2, Check(Good with { Condition = "objekt.a > 3 && evnt == 'Added'" }).Count);
}
