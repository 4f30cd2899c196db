using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Kublambda.Runtimes.Tests;

/// <summary>A connection for what no HTTP client would send. Answers are text, a character a byte but for <see cref="AskAsync"/>.</summary>
internal sealed partial class RawConnection : IDisposable
{
    private readonly TcpClient _client = new();
    private readonly CancellationTokenSource _limit;
    private readonly byte[] _buffer = new byte[65536];
    private readonly StringBuilder _rest = new();

    private RawConnection(CancellationToken cancellationToken)
    {
        _limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _limit.CancelAfter(TimeSpan.FromSeconds(30));
    }

    /// <summary>Sends text, and gives back all that comes until the other side closes.</summary>
    public static async Task<string> AskAsync(int port, string text, CancellationToken cancellationToken)
    {
        using var connection = await OpenAsync(port, cancellationToken);
        await connection.SendAsync(text);
        using var reader = new StreamReader(connection._client.GetStream(), Encoding.UTF8);
        return await reader.ReadToEndAsync(connection._limit.Token);
    }

    public static async Task<RawConnection> OpenAsync(int port, CancellationToken cancellationToken)
    {
        var connection = new RawConnection(cancellationToken);
        connection._client.NoDelay = true;
        await connection._client.ConnectAsync("127.0.0.1", port, connection._limit.Token);
        return connection;
    }

    public Task SendAsync(string text) => _client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(text), _limit.Token).AsTask();

    /// <summary>Up to and with the empty line.</summary>
    public async Task<string> ReadHeadAsync()
    {
        int end;
        while ((end = _rest.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal)) < 0)
            await ReceiveAsync();
        return Take(end + 4);
    }

    /// <summary>A head, and the body whose length it says.</summary>
    public async Task<string> ReadAnswerAsync()
    {
        var head = await ReadHeadAsync();
        var length = int.Parse(Length().Match(head).Groups[1].Value, CultureInfo.InvariantCulture);
        while (_rest.Length < length)
            await ReceiveAsync();
        return head + Take(length);
    }

    public void Dispose()
    {
        _client.Dispose();
        _limit.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var count = await _client.GetStream().ReadAsync(_buffer, _limit.Token);
        if (count == 0)
            throw new IOException($"The other side closed after: {_rest}");
        _rest.Append(Encoding.Latin1.GetString(_buffer, 0, count));
    }

    private string Take(int count)
    {
        var text = _rest.ToString(0, count);
        _rest.Remove(0, count);
        return text;
    }

    [GeneratedRegex(@"\r\nContent-Length: (\d+)\r\n", RegexOptions.IgnoreCase)]
    private static partial Regex Length();
}
