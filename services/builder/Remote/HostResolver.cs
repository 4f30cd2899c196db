using System.Net;
using System.Net.Sockets;
using Kublambda.Builder.Sources;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>
/// From a host in a user's URL to the addresses that are connected to. Resolved once and connected to by address: a name server that gives
/// another answer a moment later (DNS rebinding) changes nothing.
/// </summary>
public sealed class HostResolver(IOptions<FetchOptions> options, ApiServerAddresses apiServer)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly AddressPolicy _policy = new(options.Value.AllowedPrivate);

    /// <exception cref="SourceRefusedException">An address of it may not be reached.</exception>
    /// <exception cref="SourceUnavailableException">It is not known.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var bare = host.Trim('[', ']');
        var addresses = IPAddress.TryParse(bare, out var literal) ? [literal] : await LookUpAsync(bare, cancellationToken);
        _policy.Check(bare, addresses, await apiServer.GetAsync(cancellationToken));
        return addresses;
    }

    /// <summary>Connects to one of the host's addresses, those that were checked and no other.</summary>
    public async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken) =>
        await ConnectAsync(await ResolveAsync(host, cancellationToken), port, cancellationToken);

    /// <summary>Connects to the first of these addresses that answers.</summary>
    public static async Task<Stream> ConnectAsync(IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // Owned by the stream.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
#pragma warning restore CA2000
        try
        {
            await socket.ConnectAsync(addresses, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<IPAddress[]> LookUpAsync(string host, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(host, timeout.Token);
            return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (Exception e) when (e is SocketException or ArgumentException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new SourceUnavailableException($"The host \"{SourcePath.Show(host)}\" of the source is not known to the name server ({(e is OperationCanceledException ? "no answer" : e.Message)}). Look at the URL.");
        }
    }
}
