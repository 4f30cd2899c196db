using System.Net.Sockets;
using System.Text;

namespace Kublambda.Runtimes.Tests;

/// <summary>A connection for what no HTTP client would send.</summary>
internal static class RawConnection
{
    /// <summary>Sends text, and gives back all that comes until the other side closes.</summary>
    public static async Task<string> AskAsync(int port, string text, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(10));
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, limit.Token);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text), limit.Token);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(limit.Token);
    }
}
