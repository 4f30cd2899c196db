using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Kublambda.Tests;

namespace Kublambda.Watcher.ClusterTests;

/// <summary>The watcher as it is shipped: a process of its own, which can be killed.</summary>
public sealed class WatcherProcess : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(Checkout.Root(), "artifacts", "bin", "Kublambda.Watcher", "debug", "Kublambda.Watcher");
    private readonly Process _process;

    private WatcherProcess(Process process) => _process = process;

    /// <summary>Its log.</summary>
    public ConcurrentQueue<string> Log { get; } = new();

    public bool IsRunning => !_process.HasExited;

    /// <summary>Its memory, resident, in bytes.</summary>
    public long Memory
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").First(each => each.StartsWith("VmRSS:", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
        }
    }

    public static WatcherProcess Start(IReadOnlyDictionary<string, string> settings)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        start.Environment["Urls"] = "http://127.0.0.1:0";
        start.Environment["DOTNET_GCHeapHardLimit"] = "0xC000000"; // what a pod of 256 MB gives it: 192 MB
        var process = new WatcherProcess(Process.Start(start)!);
        process._process.OutputDataReceived += (_, line) => process.Keep(line.Data);
        process._process.ErrorDataReceived += (_, line) => process.Keep(line.Data);
        process._process.BeginOutputReadLine();
        process._process.BeginErrorReadLine();
        return process;
    }

    /// <summary>Ends it without a warning.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Ends it as Kubernetes does.</summary>
    public async Task StopAsync()
    {
        using var term = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await term.WaitForExitAsync();
        await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        if (IsRunning)
            await KillAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null)
            Log.Enqueue(line);
    }
}
