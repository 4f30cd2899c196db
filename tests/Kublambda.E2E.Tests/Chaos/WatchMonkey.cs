using System.Diagnostics;
using System.Globalization;
using k8s;
using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.E2E.Tests.Cluster;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>
/// Kills, at random, what an event passes on its way: the watcher, RabbitMQ, the function's pods and the API server. Each by
/// kill -9; pods that were killed so before are deleted by force, or kubelet would wait longer each time before it starts them again.
/// </summary>
internal sealed class WatchMonkey(TestCluster cluster, LambdaSpace space, Lambda lambda, int seed, int mostOfRabbitMq)
{
    private readonly Random _random = new(seed);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<string> _deeds = [];
    private readonly Dictionary<string, int> _kills = [];

    public IReadOnlyDictionary<string, int> Kills => _kills;

    /// <summary>What it did, and when.</summary>
    public string Story => string.Join(Environment.NewLine, _deeds);

    /// <summary>Each victim once, then any, until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        string[] victims = ["watcher", "function", "api server", "rabbitmq"];
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(4 + (4 * _random.NextDouble())), stop));
            if (stop.IsCancellationRequested)
                return;
            var victim = victims[i < victims.Length ? i : _random.Next(victims.Length)];
            if (victim == "rabbitmq" && _kills.GetValueOrDefault(victim) >= mostOfRabbitMq)
                victim = "watcher";
            string result;
            try
            {
                result = await KillAsync(victim);
            }
            catch (Exception e)
            {
                result = $"not reached: {e.Message.Split('\n')[0]}";
            }

            _deeds.Add(string.Create(CultureInfo.InvariantCulture, $"{_clock.Elapsed.TotalSeconds,6:F1} s {victim}: {result}"));
            if (result.StartsWith("killed", StringComparison.Ordinal))
                _kills[victim] = _kills.GetValueOrDefault(victim) + 1;
        }
    }

    private async Task<string> KillAsync(string victim)
    {
        if (victim == "api server")
            return Processes.KillApiServer() ? "killed" : "not found";
        var (ns, pods) = victim switch
        {
            "rabbitmq" => (Installation.Namespace, await cluster.Platform.PodsAsync(Installation.RabbitMq)),
            "function" => (space.Name, await space.PodsAsync(lambda)),
            _ => (space.Name, [.. (await cluster.Api.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: $"{Labels.WatcherOf}={lambda.Metadata.Uid}")).Items
                .Where(p => p.Metadata.DeletionTimestamp is null)]),
        };
        if (pods.Count == 0)
            return "no pod";
        var pod = pods[_random.Next(pods.Count)];
        if (victim != "rabbitmq" && pod.Status.ContainerStatuses?.Any(c => c.RestartCount > 0) == true)
        {
            await cluster.Kubectl.RunAsync("-n", ns, "delete", "pod", pod.Metadata.Name, "--grace-period=0", "--force", "--wait=false");
            return "killed with its pod";
        }

        return Processes.Kill(pod) > 0 ? "killed" : "no process";
    }
}
