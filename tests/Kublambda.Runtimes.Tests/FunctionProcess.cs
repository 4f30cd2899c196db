using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kublambda.Runtimes.Tests;

/// <summary>The real invoker with a function, as a process of its own on free ports of 127.0.0.1.</summary>
public sealed class FunctionProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("runtime-");
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<(int Port, int AdminPort)> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private FunctionProcess(RuntimeUnderTest runtime, string target, IEnumerable<(string Name, string Value)> settings)
    {
        TerminationLog = Path.Combine(_directory.FullName, "termination-log");
        File.WriteAllText(TerminationLog, "");
        var start = new ProcessStartInfo(runtime.Command[0], runtime.Command.Skip(1)) { RedirectStandardOutput = true, RedirectStandardError = true };
        var path = start.Environment["PATH"];
        var libraries = start.Environment.TryGetValue("LD_LIBRARY_PATH", out var value) ? value : null;
        var home = start.Environment["HOME"];
        start.Environment.Clear();
        IEnumerable<(string, string?)> environment =
        [
            ("PATH", path), ("LD_LIBRARY_PATH", libraries), ("LANG", "C.UTF-8"), ("HOME", home), ("LISTEN_ADDRESS", "127.0.0.1"), ("PORT", "0"), ("ADMIN_PORT", "0"),
            ("FUNCTION_SOURCE", runtime.Source), ("FUNCTION_TARGET", target), ("KUBLAMBDA_NAME", "fn"), ("KUBLAMBDA_NAMESPACE", "test"),
            ("KUBLAMBDA_REVISION", "abcdef012345"), ("KUBLAMBDA_TERMINATION_LOG", TerminationLog), ("SHUTDOWN_DRAIN_SECONDS", "0.2"), .. settings,
        ];
        foreach (var (name, each) in environment)
            start.Environment[name] = each;
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Heard(line.Data);
        _process.ErrorDataReceived += (_, line) => Heard(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public HttpClient Http { get; private set; } = null!;
    public HttpClient Admin { get; private set; } = null!;
    public string TerminationLog { get; }
    public int Port { get; private set; }

    /// <summary>What the process wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Starts it and waits until it listens.</summary>
    public static async Task<FunctionProcess> StartAsync(RuntimeUnderTest runtime, string target, params (string Name, string Value)[] settings)
    {
        var function = Launch(runtime, target, settings);
        var exited = function._process.WaitForExitAsync(TestContext.Current.CancellationToken);
        if (await Task.WhenAny(function._listening.Task, exited, Task.Delay(StartLimit, TestContext.Current.CancellationToken)) != function._listening.Task)
        {
            await function.DisposeAsync();
            throw new InvalidOperationException($"The {runtime.Name} invoker does not listen. It said:\n{function.Output}");
        }

        var (port, adminPort) = await function._listening.Task;
        function.Port = port;
        function.Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(30) };
        function.Admin = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{adminPort}"), Timeout = TimeSpan.FromSeconds(10) };
        return function;
    }

    /// <summary>Starts it, whatever becomes of it.</summary>
    public static FunctionProcess Launch(RuntimeUnderTest runtime, string target, params (string Name, string Value)[] settings) => new(runtime, target, settings);

    public Task<string> GetAsync(string path) => Http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);

    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The lines of the log that are JSON.</summary>
    public IReadOnlyList<JsonNode> Log() =>
        [.. Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonNode.Parse(line)!)];

    /// <summary>A metric without labels, or with them: <c>name{label="value"}</c>.</summary>
    public async Task<double> MetricAsync(string sample)
    {
        var text = await Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        var line = text.Split('\n').FirstOrDefault(each => each.StartsWith($"{sample} ", StringComparison.Ordinal));
        return line is null ? double.NaN : double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture);
    }

    public void Terminate()
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {_process.Id}"]);
        kill.WaitForExit();
    }

    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        Http?.Dispose();
        Admin?.Dispose();
        _directory.Delete(recursive: true);
    }

    private void Heard(string? line)
    {
        if (line is null)
            return;
        lock (_output)
            _output.Append(line).Append('\n');
        if (line.StartsWith('{') && line.Contains("\"Listening.\"", StringComparison.Ordinal))
        {
            var said = JsonDocument.Parse(line).RootElement;
            _listening.TrySetResult((said.GetProperty("port").GetInt32(), said.GetProperty("adminPort").GetInt32()));
        }
    }
}
