using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Kublambda.Registry.Tests;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>OpenSSH's server on a free port of 127.0.0.1, for the user that runs the tests and one key.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private Process? _process;

    private SshServer()
    {
    }

    public int Port { get; } = LocalRegistry.FreePort();

    /// <summary>The private key that is let in.</summary>
    public string UserKey => File.ReadAllText(At("user"));

    /// <summary>One that is not.</summary>
    public string OtherKey => File.ReadAllText(At("other"));

    public string KnownHosts => Known("host");

    public string OtherKnownHosts => Known("other");

    public static async Task<SshServer> StartAsync()
    {
        const string program = "/usr/sbin/sshd";
        if (!File.Exists(program))
            throw new InvalidOperationException($"This test runs {program}, which is not installed: apt-get install openssh-server (`make test-unit` does that by itself).");
#pragma warning disable CA2000 // The caller's.
        var server = new SshServer();
#pragma warning restore CA2000
        foreach (var name in new[] { "host", "user", "other" })
        {
            using var keygen = Process.Start("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", server.At(name)]);
            await keygen.WaitForExitAsync();
        }

        // Privilege separation wants this directory where the tests are root.
        if (Environment.IsPrivilegedProcess)
            Directory.CreateDirectory("/run/sshd");
        await File.WriteAllTextAsync(server.At("config"), string.Create(CultureInfo.InvariantCulture, $"""
            ListenAddress 127.0.0.1:{server.Port}
            HostKey {server.At("host")}
            AuthorizedKeysFile {server.At("user")}.pub
            PidFile none
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin prohibit-password
            """));
        // The shell waits for the end of its input: a test run that is killed leaves no server behind.
        server._process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{program} -D -e -f \"$0\" </dev/null & read -r _; kill -KILL $!; wait", server.At("config")])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
        server._process.ErrorDataReceived += (_, _) => { };
        server._process.BeginErrorReadLine();
        for (var attempt = 0; attempt < 200; attempt++)
        {
            using var socket = new TcpClient();
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, server.Port);
                return server;
            }
            catch (SocketException)
            {
                await Task.Delay(25);
            }
        }

        throw new InvalidOperationException("sshd does not listen.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        _directory.Dispose();
    }

    private string At(string name) => Path.Combine(_directory.Path, name);

    private string Known(string key) => string.Create(CultureInfo.InvariantCulture, $"[127.0.0.1]:{Port} {File.ReadAllText(At(key + ".pub"))}");
}
