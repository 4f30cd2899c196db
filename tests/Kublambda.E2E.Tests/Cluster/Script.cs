using System.Diagnostics;
using Kublambda.Tests;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>A command of the repository that an operator runs by hand.</summary>
internal static class Script
{
    /// <param name="path">From the root of the checkout.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>What it says; an exit code other than 0 fails the test.</returns>
    public static async Task<string> RunAsync(string path, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Checkout.Root(), path), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["KUBECONFIG"] = ClusterFiles.Kubeconfig();
        start.Environment["KUBECTL"] = ClusterFiles.Kubectl();
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = await process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        await process.WaitForExitAsync(CancellationToken.None);
        if (process.ExitCode != 0)
            Assert.Fail($"{path} {string.Join(' ', arguments)}: {output}{await error}");
        return output;
    }
}
