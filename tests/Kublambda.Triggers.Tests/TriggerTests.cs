using Kublambda.Cel;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;

namespace Kublambda.Triggers.Tests;

public sealed class TriggerTests
{
    private static readonly LambdaRef Lambda = new("shop", "resize", "5d3a5c1e-0000-4000-8000-000000000001");
    private static readonly CelValue Anything = CelValue.From(new Dictionary<string, object?> { ["name"] = "resize" });

    private static CelValue Json(string text) => CelValue.From(System.Text.Json.JsonDocument.Parse(text));

    private static CompiledTrigger ATrigger(Func<ResourceTrigger, ResourceTrigger>? with = null) =>
        CompiledTrigger.Compile(Lambda, "t", (with ?? (t => t))(new ResourceTrigger { ApiVersion = "v1", Kind = "Pod" }));

    [Fact]
    public void A_condition_sees_both_states_the_event_and_the_lambda()
    {
        var condition = TriggerCondition.Compile("event == 'Modified' && object.a == 2 && oldObject.a == 1 && lambda.name == 'resize'");
        Assert.True(condition.Matches(Json("""{"a":2}"""), Json("""{"a":1}"""), TriggerEvent.Modified, Anything, out var problem));
        Assert.Null(problem);
        Assert.False(condition.Matches(Json("""{"a":2}"""), Json("""{"a":1}"""), TriggerEvent.Added, Anything, out _));
    }

    [Fact]
    public void A_condition_that_fails_on_an_object_does_not_match_and_says_where()
    {
        var condition = TriggerCondition.Compile("object.status.phase == 'Failed'");
        Assert.False(condition.Matches(Json("""{"status":{}}"""), null, TriggerEvent.Added, Anything, out var problem));
        Assert.StartsWith("1:", problem, StringComparison.Ordinal);
        Assert.False(TriggerCondition.Compile("object.a").Matches(Json("""{"a":1}"""), null, TriggerEvent.Added, Anything, out problem));
        Assert.Contains("not bool", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("objetc.a == 1", "1:1", "object")]
    [InlineData("object.a ==", "1:12", "")]
    [InlineData("size(object.items)", "1:", "bool")]
    [InlineData("event == 1", "1:", "")]
    public void A_wrong_condition_is_refused_with_its_place(string text, string place, string hint)
    {
        var error = Assert.Throws<CelException>(() => TriggerCondition.Compile(text));
        Assert.StartsWith(place, error.Message, StringComparison.Ordinal);
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_namespaces_a_trigger_is_for_the_lambdas_own()
    {
        Assert.Equal(["shop"], ATrigger().Namespaces!);
        Assert.Null(ATrigger(t => t with { Namespaces = ["*"] }).Namespaces);
        Assert.Equal(3, ATrigger().Events.Count);
    }

    [Theory]
    [InlineData("apps/v1/x", "Pod", null, null, "apiVersion: ")]
    [InlineData("v1", "Pod", "a=", null, null)]
    [InlineData("v1", "Pod", "a==b=c", null, "labelSelector: ")]
    [InlineData("v1", "Pod", null, "status.phase", "fieldSelector: ")]
    [InlineData("v1", "Pod", null, "status.phase!=Failed, metadata.name=a", null)]
    public void What_is_wrong_names_the_field(string apiVersion, string kind, string? labels, string? fields, string? expected)
    {
        var trigger = new ResourceTrigger { ApiVersion = apiVersion, Kind = kind, LabelSelector = labels, FieldSelector = fields };
        var error = Record.Exception(() => CompiledTrigger.Compile(Lambda, "t", trigger));
        Assert.Equal(expected is null, error is null);
        Assert.StartsWith(expected ?? "", error?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Five_hundred_triggers_on_a_kind_share_one_watch_and_without_sharing_each_has_its_own()
    {
        var triggers = Enumerable.Range(0, 500).Select(i => ATrigger(t => t with { LabelSelector = $"n={i}" })).ToList();
        ServedKind? Served(GroupVersionKind kind) => kind.Kind == "Pod" ? new ServedKind(kind, "pods", true) : null;
        var shared = Assert.Single(StreamPlan.Of(triggers, Served, shared: true).Streams);
        Assert.Equal(500, shared.Triggers.Count);
        Assert.Null(shared.Stream.Namespace);
        var apart = StreamPlan.Of(triggers, Served, shared: false).Streams;
        Assert.Equal(500, apart.Select(each => each.Stream.Id).Distinct().Count());
        Assert.All(apart, each => Assert.Equal("shop", each.Stream.Namespace));
        Assert.Single(StreamPlan.Of([ATrigger(t => t with { Kind = "Later" })], Served, shared: false).NotServed);
    }

    [Fact]
    public void Reports_come_back_as_they_were_written()
    {
        TriggerStatus[] reports = [new() { Name = "a", Ready = true, Seen = 3, LastError = new TriggerFault { Time = DateTimeOffset.UnixEpoch, Message = "no" } }];
        Assert.Equal(reports, TriggerReports.Read(TriggerReports.Write(reports)));
        Assert.Empty(TriggerReports.Read("not json"));
    }
}
