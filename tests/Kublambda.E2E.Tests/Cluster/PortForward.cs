using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Kublambda.E2E.Tests.Cluster;

/// <summary><c>kubectl port-forward</c> to a Service, on a free local port, until it is disposed.</summary>
internal sealed partial class PortForward : IDisposable
{
    private readonly Process process;

    private PortForward(Process process, int port) => (this.process, Port) = (process, port);

    public int Port { get; }

    public static async Task<PortForward> ToAsync(string ns, string service, int port)
    {
        var start = new ProcessStartInfo(
            ClusterFiles.Kubectl(), ["-n", ns, "port-forward", "--address=127.0.0.1", $"service/{service}", $":{port.ToString(CultureInfo.InvariantCulture)}"])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["KUBECONFIG"] = ClusterFiles.Kubeconfig();
        var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl does not start");
        var line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        var match = Forwarding().Match(line ?? "");
        return match.Success
            ? new(process, int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))
            : throw new IOException($"kubectl port-forward to {service} said: {line}");
    }

    public void Dispose()
    {
        process.Kill();
        process.Dispose();
    }

    [GeneratedRegex(@"127\.0\.0\.1:(\d+)")]
    private static partial Regex Forwarding();
}
