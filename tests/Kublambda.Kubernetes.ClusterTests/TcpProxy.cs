using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Kublambda.Kubernetes.ClusterTests;

/// <summary>Stands between a client and the API server, and cuts or refuses connections when told to.</summary>
internal sealed class TcpProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _open = [];
    private readonly Uri _target;

    public TcpProxy(string target)
    {
        _target = new Uri(target);
        _listener.Start();
        _ = AcceptAsync();
    }

    public string Address => $"{_target.Scheme}://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>While true, connections are accepted and closed at once.</summary>
    public bool Down { get; set; }

    public void Cut()
    {
        while (_open.TryTake(out var client))
            client.Close();
    }

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = RelayAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // Disposed.
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var near = client;
        if (Down)
            return;
        using var far = new TcpClient();
        try
        {
            await far.ConnectAsync(_target.Host, _target.Port);
            _open.Add(near);
            _open.Add(far);
            await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), far.GetStream().CopyToAsync(near.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // Cut.
        }
    }
}
