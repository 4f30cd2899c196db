using System.Diagnostics;
using k8s;

namespace Kublambda.Bench;

/// <summary>What the figures were measured on.</summary>
internal sealed record Machine(DateTimeOffset At, string Cpu, int Cores, string Memory, string Kernel, string Kubernetes, string Commit)
{
    public static async Task<Machine> ReadAsync(BenchCluster cluster, CancellationToken cancellation)
    {
        var version = await cluster.Api.Version.GetCodeAsync(cancellation);
        return new(
            TimeProvider.System.GetUtcNow(),
            await FieldAsync("/proc/cpuinfo", "model name", cancellation),
            Environment.ProcessorCount,
            await FieldAsync("/proc/meminfo", "MemTotal", cancellation),
            (await File.ReadAllTextAsync("/proc/sys/kernel/osrelease", cancellation)).Trim(),
            version.GitVersion,
            await CommitAsync(cancellation));
    }

    private static async Task<string> FieldAsync(string file, string name, CancellationToken cancellation)
    {
        var lines = await File.ReadAllLinesAsync(file, cancellation);
        return lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown";
    }

    private static async Task<string> CommitAsync(CancellationToken cancellation)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["describe", "--always", "--dirty"]) { RedirectStandardOutput = true });
        return git is null ? "unknown" : (await git.StandardOutput.ReadToEndAsync(cancellation)).Trim();
    }
}
