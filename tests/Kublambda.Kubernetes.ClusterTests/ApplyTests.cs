using k8s;
using k8s.Autorest;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kublambda.Kubernetes.ClusterTests;

public sealed class ApplyTests(Cluster cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private V1ConfigMap AMap(string name, params (string Key, string Value)[] data) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = cluster.Namespace },
        Data = data.ToDictionary(pair => pair.Key, pair => pair.Value),
    };

    [Fact]
    public async Task Fields_of_ours_come_change_and_go_and_those_of_others_stay()
    {
        cluster.Require();
        await cluster.Client.ApplyAsync(AMap("apply", ("a", "1"), ("b", "1")), "us", Cancellation);
        await cluster.Client.ApplyAsync(AMap("apply", ("c", "theirs")), "them", Cancellation);
        var stored = await cluster.Client.ApplyAsync(AMap("apply", ("a", "2")), "us", Cancellation);
        Assert.Equal("a=2 c=theirs", string.Join(' ', stored.Data.Select(pair => $"{pair.Key}={pair.Value}").Order()));
    }

    [Fact]
    public async Task Applying_the_same_again_changes_nothing()
    {
        cluster.Require();
        var first = await cluster.Client.ApplyAsync(AMap("same", ("a", "1")), "us", Cancellation);
        var second = await cluster.Client.ApplyAsync(AMap("same", ("a", "1")), "us", Cancellation);
        Assert.Equal(first.Metadata.ResourceVersion, second.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task What_the_server_refuses_is_told_with_its_words()
    {
        cluster.Require();
        var error = await Assert.ThrowsAsync<HttpOperationException>(() => cluster.Client.ApplyAsync(AMap("Not_A_Name"), "us", Cancellation));
        Assert.Contains("RFC 1123", error.Response.Content, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_that_the_object_names_is_the_one_that_is_used()
    {
        cluster.Require();
        var discovery = new ApiDiscovery(cluster.Client, TimeProvider.System);
        var newest = await discovery.ExistsAsync("autoscaling", "v2", "horizontalpodautoscalers", Cancellation);
        Assert.True(newest || await discovery.ExistsAsync("autoscaling", "v2beta2", "horizontalpodautoscalers", Cancellation));
        Assert.False(await discovery.ExistsAsync("nobody.example.com", "v1", "things", Cancellation));
        var stored = await cluster.Client.ApplyAsync(
            new V2HorizontalPodAutoscaler
            {
                ApiVersion = newest ? "autoscaling/v2" : "autoscaling/v2beta2",
                Metadata = new V1ObjectMeta { Name = "scaler", NamespaceProperty = cluster.Namespace },
                Spec = new V2HorizontalPodAutoscalerSpec
                {
                    MaxReplicas = 3,
                    ScaleTargetRef = new V2CrossVersionObjectReference { ApiVersion = "apps/v1", Kind = "Deployment", Name = "none" },
                },
            },
            "us", Cancellation);
        Assert.Equal(3, stored.Spec.MaxReplicas);
    }

    [Fact]
    public async Task An_event_that_is_said_again_is_counted()
    {
        cluster.Require();
        var map = await cluster.Client.ApplyAsync(AMap("events", ("a", "1")), "us", Cancellation);
        var events = new EventRecorder(cluster.Client, "tests", TimeProvider.System, NullLogger<EventRecorder>.Instance);
        for (var i = 0; i < 3; i++)
            await events.RecordAsync(map, EventRecorder.Warning, "Tried", new string('ä', 2000), Cancellation);
        await events.RecordAsync(map, EventRecorder.Normal, "Done", "It went well.", Cancellation);
        var list = await cluster.Client.CoreV1.ListNamespacedEventAsync(
            cluster.Namespace, fieldSelector: $"involvedObject.uid={map.Metadata.Uid}", cancellationToken: Cancellation);
        Assert.Equal(["Done x1", "Tried x3"], list.Items.Select(item => $"{item.Reason} x{item.Count}").Order());
    }
}
