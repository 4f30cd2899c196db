using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Kublambda.Registry.Tests;

/// <summary>Debian's docker-registry on a free port of 127.0.0.1, with a directory of its own; ended and removed on dispose.</summary>
public sealed class LocalRegistry : IAsyncDisposable
{
    private const string Binary = "docker-registry";
    private readonly DirectoryInfo _directory;
    private readonly string _settings;
    private Process? _process;

    private LocalRegistry(DirectoryInfo directory, string settings, int port)
    {
        (_directory, _settings, Host) = (directory, settings, $"127.0.0.1:{port}");
    }

    public string Host { get; }

    /// <summary>Where its files lie, in the layout of the distribution registry.</summary>
    public string Data => Path.Combine(_directory.FullName, "data", "docker", "registry", "v2");

    /// <param name="settings">Top-level YAML sections that are added to the configuration; <c>{dir}</c> is the registry's directory.</param>
    /// <param name="files">Files to put into that directory before the start.</param>
    public static async Task<LocalRegistry> StartAsync(bool delete = true, string settings = "", params (string Name, string Content)[] files)
    {
        var directory = Directory.CreateTempSubdirectory("kublambda-registry-");
        foreach (var (name, content) in files)
            await File.WriteAllTextAsync(Path.Combine(directory.FullName, name), content);
        var port = FreePort();
        var yaml = $$"""
            version: 0.1
            log: {level: error}
            storage:
              filesystem: {rootdirectory: {{directory.FullName}}/data}
              delete: {enabled: {{(delete ? "true" : "false")}}}
            http: {addr: "127.0.0.1:{{port}}"}
            {{settings.Replace("{dir}", directory.FullName, StringComparison.Ordinal)}}
            """;
        var registry = new LocalRegistry(directory, yaml, port);
        await registry.StartProcessAsync();
        return registry;
    }

    /// <summary>A client with settings as a service has them.</summary>
    public IRegistryClient Client(params (string Key, string Value)[] settings) => ClientFor(Host, settings);

    public static IRegistryClient ClientFor(string host, params (string Key, string Value)[] settings) =>
        Services(host, settings).GetRequiredService<IRegistryClient>();

    public static ServiceProvider Services(string host, params (string Key, string Value)[] settings)
    {
        var values = settings.ToDictionary(s => s.Key, s => (string?)s.Value);
        values.TryAdd("Registry:PushHost", host);
        values.TryAdd("Registry:PullHost", host);
        values.TryAdd("Registry:Insecure", "true");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values).Build();
        return new ServiceCollection().AddLogging().AddRegistry(configuration).BuildServiceProvider();
    }

    /// <summary>As a crash does: nothing is written any more.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async Task StartProcessAsync()
    {
        var path = Path.Combine(_directory.FullName, "config.yml");
        await File.WriteAllTextAsync(path, _settings);
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, Binary))))
            throw new InvalidOperationException($"These tests run Debian's {Binary}, which is not installed: apt-get install docker-registry (`make test-unit` does that by itself).");
        // The shell waits for the end of its input: a test run that is killed leaves no registry behind.
        _process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{Binary} serve \"$0\" </dev/null & read -r _; kill -KILL $!; wait", path])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var log = new System.Text.StringBuilder();
        _process.ErrorDataReceived += (_, line) => { lock (log) log.AppendLine(line.Data); };
        _process.OutputDataReceived += (_, line) => { lock (log) log.AppendLine(line.Data); };
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
        var (address, port) = (IPAddress.Loopback, int.Parse(Host.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var socket = new TcpClient();
            try
            {
                await socket.ConnectAsync(address, port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(25);
            }
        }
        lock (log)
            throw new InvalidOperationException($"{Binary} does not listen on {Host}: {log}");
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _directory.Delete(recursive: true);
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
