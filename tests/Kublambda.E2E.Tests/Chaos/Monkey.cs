using System.Diagnostics;
using System.Globalization;
using Kublambda.E2E.Tests.Cluster;

namespace Kublambda.E2E.Tests.Chaos;

/// <summary>Kills one part of the platform after the other, in an order that is the same in every run: two rounds, a different death in each.</summary>
internal sealed class Monkey : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(7);
    private readonly CancellationTokenSource stop = new();
    private readonly TestCluster cluster;
    private readonly List<string> deeds = [];
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Task running;
    private const int Rounds = 2;

    public Monkey(TestCluster cluster)
    {
        this.cluster = cluster;
        running = RunAsync();
    }

    /// <summary>What it did, and when.</summary>
    public string Story => string.Join(Environment.NewLine, deeds);

    public int Kills { get; private set; }

    /// <summary>Until it has killed all it means to kill.</summary>
    public Task DoneAsync() => running;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        string[] victims = ["builder", "deployer", Installation.RabbitMq, "controller", "api server", "gc", "builder", "controller", "deployer", "gc"];
        for (var i = 0; i < Rounds * victims.Length && !stop.IsCancellationRequested; i++)
        {
            var victim = victims[i % victims.Length];
            // Not a StatefulSet's: its next pod may be there before the forced one's processes are gone, and both have the one volume.
            var byForce = i / victims.Length == 1 && victim != Installation.RabbitMq;
            string result;
            try
            {
                result = victim == "api server" ? Processes.KillApiServer() ? "killed" : "not found" : await KillAsync(victim, byForce);
            }
            catch (Exception e)
            {
                result = $"not reached: {e.Message}";
            }

            deeds.Add(string.Create(CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,6:F1} s {victim}: {result}"));
            if (result.StartsWith("killed", StringComparison.Ordinal))
                Kills++;
            await Task.WhenAny(Task.Delay(Pause, stop.Token));
        }
    }

    private async Task<string> KillAsync(string victim, bool byForce)
    {
        var pods = await cluster.Platform.PodsAsync(victim);
        if (pods.Count == 0)
            return "no pod";
        foreach (var pod in pods)
        {
            if (byForce)
                await cluster.Kubectl.RunAsync("-n", Installation.Namespace, "delete", "pod", pod.Metadata.Name, "--grace-period=0", "--force");
            else if (Processes.Kill(pod) == 0)
                return "no process";
        }

        return byForce ? "killed with its pod" : "killed";
    }
}
