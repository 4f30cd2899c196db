using System.Diagnostics;
using Kublambda.Tests;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary>The command <c>deploy/build-log</c>, run as a user of the cluster who is nobody special.</summary>
internal static class BuildLog
{
    /// <param name="user">A name for the API server's authorization.</param>
    /// <param name="arguments">Of the command.</param>
    public static async Task<KubectlAnswer> ShowAsync(string user, params string[] arguments)
    {
        var kubectl = Path.Combine(Path.GetTempPath(), $"kubectl-{Guid.NewGuid():N}");
        await File.WriteAllTextAsync(kubectl, $"#!/bin/sh\nexec '{ClusterFiles.Kubectl()}' --as='{user}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(kubectl, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            var start = new ProcessStartInfo(Path.Combine(Checkout.Root(), "deploy", "build-log"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment["KUBECONFIG"] = ClusterFiles.Kubeconfig();
            start.Environment["KUBECTL"] = kubectl;
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return new KubectlAnswer(process.ExitCode, output, await error);
        }
        finally
        {
            File.Delete(kubectl);
        }
    }
}
