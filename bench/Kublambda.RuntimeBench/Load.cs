using System.Diagnostics;
using System.Net.Sockets;

namespace Kublambda.RuntimeBench;

/// <summary>Connections that are kept open, each with one request at a time: cheap on this side, so that the server is what is measured.</summary>
internal static class Load
{
    public const int Connections = 8;
    private static readonly byte[] Request = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"u8.ToArray();

    public static async Task<Sample> RunAsync(ServerProcess server, int requests)
    {
        var each = requests / Connections;
        var cpu = server.ProcessorTime();
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Factory.StartNew(() => Ask(server.Port, each), default, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        var elapsed = Stopwatch.GetElapsedTime(began);
        return new((server.ProcessorTime() - cpu).TotalMicroseconds / (each * Connections), elapsed.TotalMicroseconds / (each * Connections));
    }

    private static void Ask(int port, int requests)
    {
        using var client = new TcpClient("127.0.0.1", port) { NoDelay = true };
        var socket = client.Client;
        var buffer = new byte[4096];
        for (var i = 0; i < requests; i++)
        {
            socket.Send(Request);
            var have = 0;
            do
            {
                var got = socket.Receive(buffer.AsSpan(have));
                if (got == 0)
                    throw new IOException("The server closed a connection.");
                have += got;
            }
            while (!Complete(buffer.AsSpan(0, have)));
            if (!buffer.AsSpan().StartsWith("HTTP/1.1 20"u8))
                throw new IOException("The server did not answer 2xx.");
        }
    }

    /// <summary>An empty answer: headers, or headers and the empty last chunk.</summary>
    private static bool Complete(ReadOnlySpan<byte> answer) =>
        answer.EndsWith("\r\n\r\n"u8) && (answer.IndexOf("chunked"u8) < 0 || answer.EndsWith("0\r\n\r\n"u8));
}
