using System.Net.Sockets;
using System.Text;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.Http;
using CloudNative.CloudEvents.SystemTextJson;
using Kublambda.Watcher.Lambdas;
using Microsoft.Extensions.Options;

namespace Kublambda.Watcher.Delivery;

/// <summary>Hands an event to a function: a POST with a CloudEvent in binary mode.</summary>
internal sealed class FunctionCaller : IDisposable
{
    private const int MessageBytes = 512;
    private static readonly DataAsItIs Formatter = new();

    /// <summary>Above the function's own limit: its answer, 504, says more than ours.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);
    private readonly HttpClient _http;
    private readonly string _target;
    private readonly WatcherMetrics _metrics;
    private readonly TimeProvider _time;

    public FunctionCaller(IOptions<WatcherOptions> options, WatcherMetrics metrics, TimeProvider time)
    {
        (_target, _metrics, _time) = (options.Value.Target, metrics, time);
#pragma warning disable CA2000 // The client owns it.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            // A connection stays with one pod: new ones must get their share.
            PooledConnectionLifetime = TimeSpan.FromMinutes(1),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
#pragma warning restore CA2000
    }

    /// <summary>Never throws but for cancellation.</summary>
    public async Task<Answer> CallAsync(ActiveLambda lambda, QueuedEvent queued, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        var answer = await TryAsync(lambda, queued, cancellationToken);
        _metrics.Called(lambda.Ref.ToString(), queued.Trigger, answer.Said, _time.GetElapsedTime(began));
        return answer;
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> TryAsync(ActiveLambda lambda, QueuedEvent queued, CancellationToken cancellationToken)
    {
        var limit = TimeSpan.FromSeconds(lambda.TimeoutSeconds) + Margin;
        using var timeout = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            var target = new Uri(_target
                .Replace("{name}", lambda.Ref.Name, StringComparison.Ordinal)
                .Replace("{namespace}", lambda.Ref.Namespace, StringComparison.Ordinal));
            using var request = new HttpRequestMessage(HttpMethod.Post, target)
            {
                Content = queued.ToCloudEvent().ToHttpContent(ContentMode.Binary, Formatter),
            };
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            var body = response.IsSuccessStatusCode ? "" : await BeginningAsync(response.Content, either.Token);
            var retryAfter = response.Headers.RetryAfter is { } header ? header.Delta ?? header.Date - _time.GetUtcNow() : null;
            return Answer.Of(response.StatusCode, body, retryAfter, lambda.IsReady);
        }
        catch (FormatException e)
        {
            return new Answer(Verdict.GiveUp, "malformed", e.Message);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new Answer(Verdict.Again, "timeout", $"The function did not answer within {limit.TotalSeconds:0} s.");
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // So does HttpClient call a connection that is not made in time, as to a pod whose node is gone.
            return new Answer(Verdict.Again, "unreachable", $"The function was not reached: {e.InnerException?.Message ?? e.Message}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new Answer(Verdict.Again, "unreachable", $"The function was not reached: {e.Message}");
        }
    }

    /// <summary>A pod that is gone without a word is noticed after some ten seconds, and not only when the function's time is up.</summary>
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // The stream owns it.
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
#pragma warning restore CA2000
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 2);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<string> BeginningAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[MessageBytes];
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var read = await stream.ReadAtLeastAsync(buffer, MessageBytes, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, read).Trim();
    }

    /// <summary>The data is JSON already.</summary>
    private sealed class DataAsItIs : JsonEventFormatter
    {
        public override ReadOnlyMemory<byte> EncodeBinaryModeEventData(CloudEvent cloudEvent) => (byte[])cloudEvent.Data!;
    }
}
