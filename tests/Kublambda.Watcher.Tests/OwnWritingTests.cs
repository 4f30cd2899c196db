using System.Text.Json;
using Kublambda.Triggers;
using Kublambda.Watcher.Streams;

namespace Kublambda.Watcher.Tests;

/// <summary>What Kublambda itself writes about triggers must not be told to triggers: it would write again.</summary>
public sealed class OwnWritingTests
{
    private static readonly StreamSpec ConfigMaps = new(new ServedKind(new GroupVersionKind("", "v1", "ConfigMap"), "configmaps", true), "ns", null, null);
    private static readonly StreamSpec Lambdas = new(new ServedKind(new GroupVersionKind("kublambda.dev", "v1alpha1", "Lambda"), "lambdas", true), "ns", null, null);

    private static ObjectState State(string name, string version, string more) =>
        ObjectState.Of(JsonSerializer.Deserialize<JsonElement>($$"""{"metadata":{"name":"{{name}}","namespace":"ns","uid":"u","resourceVersion":"{{version}}"{{more}}}"""), "v1", "x");

    [Theory]
    [InlineData("hello-1a2b3c4d-watcher", ""","labels":{"app.kubernetes.io/managed-by":"kublambda","kublambda.dev/lambda-uid":"u"}}""", true)]
    [InlineData("hello-1a2b3c4d-watcher", "}", false)]
    [InlineData("settings", ""","labels":{"app.kubernetes.io/managed-by":"kublambda","kublambda.dev/lambda-uid":"u"}}""", false)]
    public void The_ConfigMap_in_which_a_watcher_reports_is_none_of_the_users(string name, string more, bool expected)
    {
        Assert.Equal(expected, OwnWriting.Is(new Transition(null, State(name, "1", more), "1"), ConfigMaps));
        Assert.Equal(expected, OwnWriting.Is(new Transition(State(name, "1", more), null, "2"), ConfigMaps));
    }

    [Fact]
    public void Counts_in_the_status_of_a_Lambda_are_no_change_and_all_else_is()
    {
        var before = State("hello", "1", """},"status":{"url":"a","triggers":[{"name":"t","seen":1}]}""");
        Assert.True(OwnWriting.Is(new Transition(before, State("hello", "2", """},"status":{"url":"a","triggers":[{"name":"t","seen":2}]}"""), "2"), Lambdas));
        Assert.False(OwnWriting.Is(new Transition(before, State("hello", "2", """},"status":{"url":"b","triggers":[{"name":"t","seen":2}]}"""), "2"), Lambdas));
        Assert.False(OwnWriting.Is(new Transition(null, before, "1"), Lambdas));
        Assert.False(OwnWriting.Is(new Transition(before, null, "3"), Lambdas));
    }
}
