using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>
/// A forward proxy on 127.0.0.1, as a company has one: absolute URLs for http, CONNECT for https, and a password. It alone knows where the names are
/// that it is asked for: all at one address.
/// </summary>
internal sealed class ProxyServer : IAsyncDisposable
{
    private const string Credentials = "Basic bWU6czNjcmV0"; // me:s3cret
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IPEndPoint _target;
    private readonly Task _accepting;

    /// <param name="target">Where all names lead to.</param>
    public ProxyServer(Uri target)
    {
        _target = new IPEndPoint(IPAddress.Loopback, target.Port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>As <c>Fetch__Proxy</c> has it.</summary>
    public string Url => $"http://me:s3cret@{_listener.LocalEndpoint}";

    /// <summary>Method and target of each request that had the password.</summary>
    public List<string> Asked { get; } = [];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient accepted)
    {
        using var client = accepted;
        try
        {
            var stream = client.GetStream();
            // A connection is kept for a second request after a 407.
            while (await HeadAsync(stream) is { Count: > 0 } head)
            {
                if (!head.Contains($"Proxy-Authorization: {Credentials}"))
                {
                    await stream.WriteAsync("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"company\"\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
                    continue;
                }

                var request = head[0].Split(' ');
                lock (Asked)
                    Asked.Add($"{request[0]} {request[1]}");
                using var server = new TcpClient();
                await server.ConnectAsync(_target, _stop.Token);
                var upstream = server.GetStream();
                if (request[0] == "CONNECT")
                    await stream.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _stop.Token);
                else
                    await upstream.WriteAsync(Encoding.ASCII.GetBytes(Forwarded(request, head)), _stop.Token);
                await Task.WhenAny(stream.CopyToAsync(upstream, _stop.Token), upstream.CopyToAsync(stream, _stop.Token));
                return;
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
        {
            // One side has what it wanted.
        }
    }

    private static string Forwarded(string[] request, List<string> head) => string.Concat(
        head.Skip(1).Where(h => !h.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)).Prepend($"{request[0]} {new Uri(request[1]).PathAndQuery} HTTP/1.1").Append("Connection: close").Append("")
            .Select(line => line + "\r\n"));

    private async Task<List<string>> HeadAsync(Stream stream)
    {
        var (lines, line, one) = (new List<string>(), new StringBuilder(), new byte[1]);
        while (await stream.ReadAsync(one, _stop.Token) == 1)
        {
            if (one[0] != '\n')
            {
                line.Append((char)one[0]);
                continue;
            }

            var text = line.ToString().TrimEnd('\r');
            line.Clear();
            if (text.Length == 0)
                return lines;
            lines.Add(text);
        }

        return [];
    }
}
