using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RabbitMQ.Client;

[assembly: AssemblyFixture(typeof(Kublambda.Tests.RabbitMqServer))]

namespace Kublambda.Tests;

/// <summary>A real RabbitMQ from Debian's package <c>rabbitmq-server</c> on 127.0.0.1, on free ports, with all its files in a temporary folder.</summary>
public sealed class RabbitMqServer : IAsyncLifetime
{
    private const string Program = "/usr/lib/rabbitmq/bin/rabbitmq-server";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kublambda-rabbitmq-");
    private readonly int _epmdPort = FreePort();
    private Process? _process;

    public int Port { get; } = FreePort();

    /// <summary>Of the management API.</summary>
    public int ManagementPort { get; } = FreePort();

    public ValueTask InitializeAsync() => new(StartAsync());

    /// <summary>Starts it, again after <see cref="KillAsync"/> too: what it had stored is there.</summary>
    public async Task StartAsync()
    {
        Assert.SkipUnless(File.Exists(Program), "needs Debian's package rabbitmq-server: apt-get install rabbitmq-server");
        await File.WriteAllTextAsync(At("enabled_plugins"), "[rabbitmq_management].").ConfigureAwait(false);
        // As in deploy/base/rabbitmq.conf.
        await File.WriteAllTextAsync(
            At("rabbitmq.conf"), $"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {ManagementPort}\nmanagement_agent.disable_metrics_collector = true\n").ConfigureAwait(false);
        var start = new ProcessStartInfo(Program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in Settings())
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await WaitUntilItAnswersAsync().ConfigureAwait(false);
    }

    /// <summary>A new connection to the broker; the caller disposes it.</summary>
    public Task<IConnection> ConnectAsync(string user = "guest", string password = "guest") =>
        new ConnectionFactory { HostName = "127.0.0.1", Port = Port, UserName = user, Password = password, AutomaticRecoveryEnabled = false }.CreateConnectionAsync();

    /// <summary>Ends it without a warning.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
            return;
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync().ConfigureAwait(false);
            // The port mapper of Erlang leaves the process tree; it has a port of its own, so ending it ends nobody else's.
            var epmd = new ProcessStartInfo("epmd", ["-port", _epmdPort.ToString(CultureInfo.InvariantCulture), "-kill"]) { RedirectStandardOutput = true };
            epmd.Environment["ERL_EPMD_RELAXED_COMMAND_CHECK"] = "true";
            using var kill = Process.Start(epmd)!;
            await kill.WaitForExitAsync().ConfigureAwait(false);
        }

        _folder.Delete(recursive: true);
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private Dictionary<string, string> Settings()
    {
        return new Dictionary<string, string>
        {
            ["HOME"] = _folder.FullName,
            ["ERL_EPMD_PORT"] = _epmdPort.ToString(CultureInfo.InvariantCulture),
            ["ERL_EPMD_RELAXED_COMMAND_CHECK"] = "true",
            ["RABBITMQ_NODENAME"] = $"kublambda-{Port}@localhost",
            ["RABBITMQ_NODE_IP_ADDRESS"] = "127.0.0.1",
            ["RABBITMQ_NODE_PORT"] = Port.ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_DIST_PORT"] = FreePort().ToString(CultureInfo.InvariantCulture),
            ["RABBITMQ_MNESIA_BASE"] = At("mnesia"),
            ["RABBITMQ_LOG_BASE"] = At("log"),
            ["RABBITMQ_LOGS"] = "-",
            ["RABBITMQ_PID_FILE"] = At("pid"),
            ["RABBITMQ_ENABLED_PLUGINS_FILE"] = At("enabled_plugins"),
            ["RABBITMQ_CONFIG_FILE"] = At("rabbitmq"),
        };
    }

    private async Task WaitUntilItAnswersAsync()
    {
        for (var deadline = Stopwatch.StartNew(); ; await Task.Delay(200).ConfigureAwait(false))
        {
            try
            {
                using var connection = await ConnectAsync().ConfigureAwait(false);
                return;
            }
            catch (Exception) when (deadline.Elapsed < TimeSpan.FromSeconds(90) && _process is { HasExited: false })
            {
                // It still boots.
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
