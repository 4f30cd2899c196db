using System.Net;
using k8s;
using k8s.Models;

namespace Kublambda.Kubernetes.ClusterTests;

public sealed class InformerTests(Cluster cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_tells_what_is_there_and_what_happens()
    {
        cluster.Require();
        await cluster.CreateMapAsync("life-a", "life");
        var seen = new Recorder<V1ConfigMap>();
        using var informer = cluster.AnInformer(cluster.Client, "life", seen);
        await informer.StartAsync(Cancellation);
        await informer.WaitForSyncAsync(Cancellation);
        Assert.NotNull(informer.Get(cluster.Namespace, "life-a"));

        await cluster.CreateMapAsync("life-b", "life");
        await cluster.Client.CoreV1.PatchNamespacedConfigMapAsync(
            new V1Patch("""{"data":{"value":"2"}}""", V1Patch.PatchType.MergePatch), "life-b", cluster.Namespace, cancellationToken: Cancellation);
        await cluster.Client.CoreV1.DeleteNamespacedConfigMapAsync("life-b", cluster.Namespace, cancellationToken: Cancellation);
        await Cluster.EventuallyAsync(() => seen.Told.Contains("Deleted:life-b"), "the deletion is told");
        Assert.Equal(["Added:life-a", "Added:life-b", "Modified:life-b", "Deleted:life-b"], seen.Told);
        Assert.Null(informer.Get(cluster.Namespace, "life-b"));
        await informer.StopAsync(Cancellation);
    }

    [Fact]
    public async Task After_cut_connections_and_an_outage_nothing_is_lost_or_told_twice()
    {
        cluster.Require();
        var configuration = cluster.Configuration();
        using var proxy = new TcpProxy(configuration.Host);
        configuration.Host = proxy.Address;
        using var client = new k8s.Kubernetes(configuration);
        var seen = new Recorder<V1ConfigMap>();
        using var informer = cluster.AnInformer(client, "cut", seen);
        await informer.StartAsync(Cancellation);
        await informer.WaitForSyncAsync(Cancellation);
        for (var i = 0; i < 4; i++)
        {
            proxy.Down = i % 2 == 1;
            proxy.Cut();
            await cluster.CreateMapAsync($"cut-{i}", "cut");
            await Task.Delay(500, Cancellation);
            proxy.Down = false;
            var name = $"Added:cut-{i}";
            await Cluster.EventuallyAsync(() => seen.Told.Contains(name), $"{name} is told after the cut");
        }

        Assert.Equal(["Added:cut-0", "Added:cut-1", "Added:cut-2", "Added:cut-3"], seen.Told);
        await informer.StopAsync(Cancellation);
    }

    [Theory]
    [InlineData(HttpStatusCode.Gone, "gone")]
    [InlineData(HttpStatusCode.OK, "error")]
    public async Task When_the_server_has_forgotten_the_version_it_lists_again_and_finds_what_is_gone(HttpStatusCode answer, string label)
    {
        cluster.Require();
        await cluster.CreateMapAsync($"{label}-a", label);
        await cluster.CreateMapAsync($"{label}-b", label);
        using var faults = new WatchFaults();
        using var client = new k8s.Kubernetes(cluster.Configuration(), faults);
        var seen = new Recorder<V1ConfigMap>();
        using var informer = cluster.AnInformer(client, label, seen, TimeSpan.FromSeconds(1));
        await informer.StartAsync(Cancellation);
        await informer.WaitForSyncAsync(Cancellation);
        faults.Silent = true;
        await Task.Delay(3000, Cancellation);
        await cluster.Client.CoreV1.DeleteNamespacedConfigMapAsync($"{label}-a", cluster.Namespace, cancellationToken: Cancellation);
        faults.Answer = answer;
        faults.Silent = false;
        await Cluster.EventuallyAsync(() => seen.Told.Contains($"Deleted:{label}-a") && seen.Told.Contains($"Resync:{label}-b"), "the list tells it");
        Assert.Null(informer.Get(cluster.Namespace, $"{label}-a"));
        await informer.StopAsync(Cancellation);
    }

    [Fact]
    public async Task A_watch_that_goes_silent_is_given_up()
    {
        cluster.Require();
        using var faults = new WatchFaults { Silent = true };
        using var client = new k8s.Kubernetes(cluster.Configuration(), faults);
        var seen = new Recorder<V1ConfigMap>();
        using var informer = cluster.AnInformer(client, "silent", seen, TimeSpan.FromSeconds(1));
        await informer.StartAsync(Cancellation);
        await informer.WaitForSyncAsync(Cancellation);
        await cluster.CreateMapAsync("silent-a", "silent");
        await Task.Delay(500, Cancellation);
        Assert.Empty(seen.Told);
        faults.Silent = false;
        await Cluster.EventuallyAsync(() => seen.Told.Contains("Added:silent-a"), "another watch tells it");
        await informer.StopAsync(Cancellation);
    }

    [Fact]
    public async Task An_object_that_cannot_be_read_is_reported_and_the_others_live()
    {
        cluster.Require();
        await cluster.CreateMapAsync("odd-bad", "odd", "not a number");
        await cluster.CreateMapAsync("odd-good", "odd");
        var seen = new Recorder<NumberMap>();
        using var informer = cluster.AnInformer(cluster.Client, "odd", seen);
        await informer.StartAsync(Cancellation);
        await informer.WaitForSyncAsync(Cancellation);
        await cluster.CreateMapAsync("odd-worse", "odd", "{}");
        await cluster.CreateMapAsync("odd-later", "odd");
        await Cluster.EventuallyAsync(() => seen.Told.Contains("Added:odd-later"), "what comes after is told");
        Assert.Contains("Malformed:odd-bad", seen.Told);
        Assert.Contains("Malformed:odd-worse", seen.Told);
        Assert.Equal(2, informer.List().Count);
        await informer.StopAsync(Cancellation);
    }

    /// <summary>A ConfigMap whose values have to be numbers.</summary>
    internal sealed record NumberMap : IKubernetesObject<V1ObjectMeta>
    {
        public string ApiVersion { get; set; } = "v1";
        public string Kind { get; set; } = "ConfigMap";
        public V1ObjectMeta Metadata { get; set; } = new();

        [System.Text.Json.Serialization.JsonNumberHandling(System.Text.Json.Serialization.JsonNumberHandling.AllowReadingFromString)]
        public Dictionary<string, int> Data { get; init; } = [];
    }

    /// <summary>Makes watches silent, or ask for a version long gone.</summary>
    private sealed class WatchFaults : DelegatingHandler
    {
        public bool Silent { get; set; }
        public HttpStatusCode? Answer { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var uri = request.RequestUri!.ToString();
            if (!uri.Contains("watch=1", StringComparison.Ordinal))
                return await base.SendAsync(request, cancellationToken);
            if (Silent)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                return new HttpResponseMessage(HttpStatusCode.OK);
            }

            if (Answer is { } status)
            {
                // What the API server says once etcd has been compacted past the version: before the watch, or in it.
                Answer = null;
                const string expired = """{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,"message":"too old resource version"}""";
                var body = status == HttpStatusCode.OK ? "{\"type\":\"ERROR\",\"object\":" + expired + "}\n" : expired;
                return new HttpResponseMessage(status) { Content = new StringContent(body), RequestMessage = request };
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
