using System.Diagnostics;
using Kublambda.Tests;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>The command of docs/operations.md.</summary>
internal static class DeadLetters
{
    /// <summary>What it says; an exit code other than 0 fails the test unless it may fail.</summary>
    public static async Task<string> RunAsync(string command, string queue = "", bool mayFail = false)
    {
        string[] arguments = queue.Length > 0 ? [command, queue] : [command];
        var start = new ProcessStartInfo(Path.Combine(Checkout.Root(), "deploy", "dead-letters"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = ClusterFiles.Kubeconfig();
        start.Environment["KUBECTL"] = ClusterFiles.Kubectl();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (process.ExitCode != 0 && !mayFail)
            Assert.Fail($"dead-letters {string.Join(' ', arguments)}: {output}{await error}");
        return output;
    }
}
