using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Kublambda.RuntimeBench;

/// <summary>A server as a process: it says on a line of JSON where it listens.</summary>
internal sealed class ServerProcess : IDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ
    private readonly Process _process;
    private readonly TaskCompletionSource<int> _port = new();

    private ServerProcess(string[] command, IEnumerable<(string Name, string Value)> settings)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Heard(e.Data);
        _process.ErrorDataReceived += (_, e) => Heard(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Port { get; private set; }

    public static async Task<ServerProcess> StartAsync(string[] command, IEnumerable<(string Name, string Value)> settings)
    {
        var server = new ServerProcess(command, settings);
        server.Port = await server._port.Task.WaitAsync(TimeSpan.FromSeconds(60));
        return server;
    }

    /// <summary>Of the process and of those that it started.</summary>
    public TimeSpan ProcessorTime() => TimeSpan.FromSeconds(Ticks(_process.Id) / TicksPerSecond);

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private static double Ticks(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var own = double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture);
        var children = File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return own + children.Sum(child => Ticks(int.Parse(child, CultureInfo.InvariantCulture)));
    }

    private void Heard(string? line)
    {
        if (line?.Contains("\"Listening.\"", StringComparison.Ordinal) == true)
            _port.TrySetResult(JsonDocument.Parse(line).RootElement.GetProperty("port").GetInt32());
    }
}
