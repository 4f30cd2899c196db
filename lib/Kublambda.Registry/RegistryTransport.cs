using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Kublambda.Registry;

/// <summary>Sends requests: credentials, redirects, retries, and errors that say what to do.</summary>
internal sealed partial class RegistryTransport : IDisposable
{
    private const int MaxRedirects = 5;
    private const int MaxRetries = 3;
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private readonly HttpClient _http;
    private readonly RegistryOptions _options;
    private readonly RegistryAuthenticator _authenticator;

    public RegistryTransport(IOptions<RegistryOptions> options, TimeProvider time, ILogger<RegistryTransport> logger)
        : this(options, time, logger, network: null)
    {
    }

    /// <param name="options">Which registry.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For retries.</param>
    /// <param name="network">Settles proxy, trust and connections; null: as this process has them.</param>
    public RegistryTransport(
        IOptions<RegistryOptions> options, TimeProvider time, ILogger<RegistryTransport> logger, Action<SocketsHttpHandler>? network)
    {
        _options = options.Value;
        Errors = new RegistryErrors(_options, time);
        // Redirects are followed here, where it is known what may go along with them.
#pragma warning disable CA2000 // Owned by the HttpClient.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 64,
        };
        network?.Invoke(handler);
#pragma warning restore CA2000
        _http = new HttpClient(handler)
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
            BaseAddress = new Uri($"{(_options.Insecure ? "http" : "https")}://{_options.PushHost}/"),
        };
        _authenticator = new RegistryAuthenticator(_http, _options, time);
        Retries = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<RegistryException>(e => e.Transient && (e.RetryAfter ?? TimeSpan.Zero) <= LongestWait),
                MaxRetryAttempts = MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(250),
                DelayGenerator = arguments => ValueTask.FromResult((arguments.Outcome.Exception as RegistryException)?.RetryAfter),
                OnRetry = arguments =>
                {
                    Retrying(logger, arguments.AttemptNumber + 1, MaxRetries, arguments.Outcome.Exception?.Message ?? "");
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>Repeats what failed by a transient fault; for operations of more than one request.</summary>
    public ResiliencePipeline Retries { get; }

    public RegistryErrors Errors { get; }

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request.</summary>
    /// <returns>An answer with a 2xx or expected status; the caller disposes of it.</returns>
    /// <exception cref="RegistryException">Any other outcome.</exception>
    public async Task<HttpResponseMessage> SendAsync(RegistryRequest request, CancellationToken cancellationToken) =>
        request.Retry
            ? await Retries.ExecuteAsync(async token => await AttemptAsync(request, token), cancellationToken)
            : await AttemptAsync(request, cancellationToken);

    /// <summary>Reads the body of an answer.</summary>
    /// <exception cref="RegistryException">It is larger than the limit, breaks off or stalls.</exception>
    public async Task<byte[]> ReadAsync(RegistryRequest request, HttpResponseMessage response, int limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(LongestRead);
        try
        {
            var bytes = await response.Content.ReadUpToAsync(limit + 1, timeout.Token);
            return bytes.Length <= limit
                ? bytes
                : throw Errors.Of(RegistryErrorKind.Invalid, request.Operation, $"the answer is larger than {limit} bytes.");
        }
        catch (Exception e) when (BoundedRead.IsBroken(e, cancellationToken))
        {
            throw Errors.Of(RegistryErrorKind.Unavailable, request.Operation, "the answer broke off.", e);
        }
    }

    private async Task<HttpResponseMessage> AttemptAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(request.Timeout);
        try
        {
            var response = await AuthorizedAsync(request, timeout.Token);
            if (response.IsSuccessStatusCode || request.Expected.Contains(response.StatusCode))
                return response;
            using (response)
                throw await Errors.OfAsync(request, response, timeout.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Errors.Of(RegistryErrorKind.Unavailable, request.Operation, $"no answer within {request.Timeout.TotalSeconds:0} s. {Errors.Remedy(RegistryErrorKind.Unavailable)}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Errors.Of(RegistryErrorKind.Unavailable, request.Operation, $"{e.Message.TrimEnd('.')}. {Errors.Remedy(RegistryErrorKind.Unavailable)}", e);
        }
    }

    private async Task<HttpResponseMessage> AuthorizedAsync(RegistryRequest request, CancellationToken cancellationToken)
    {
        var url = new Uri(_http.BaseAddress!, request.Url);
        // An upload may be sent to another host; that one gets the bytes and no credentials.
        if (!SameAuthority(url))
            return await ExchangeAsync(request, url, null, cancellationToken);
        var response = await ExchangeAsync(request, url, _authenticator.Known(request.Scopes), cancellationToken);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !SameAuthority(response.RequestMessage!.RequestUri!))
            return response;
        string? authorization;
        try
        {
            authorization = await _authenticator.AnswerAsync(response.Headers.WwwAuthenticate, request.Scopes, cancellationToken);
        }
        catch
        {
            response.Dispose();
            throw;
        }
        if (authorization is null)
            return response;
        response.Dispose();
        return await ExchangeAsync(request, url, authorization, cancellationToken);
    }

    private async Task<HttpResponseMessage> ExchangeAsync(
        RegistryRequest request, Uri url, string? authorization, CancellationToken cancellationToken)
    {
        for (var hop = 0; ; hop++)
        {
            using var message = new HttpRequestMessage(request.Method, url) { Content = request.Body?.Invoke() };
            foreach (var type in request.Accept)
                message.Headers.Accept.ParseAdd(type);
            if (authorization is not null)
                message.Headers.TryAddWithoutValidation("Authorization", authorization);
            var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!request.FollowRedirects || (int)response.StatusCode is < 300 or > 399 || response.Headers.Location is not { } location)
                return response;
            url = new Uri(url, location);
            authorization = null;
            response.Dispose();
            if (hop == MaxRedirects || (url.Scheme != Uri.UriSchemeHttps && !_options.Insecure))
                throw Errors.Of(RegistryErrorKind.Invalid, request.Operation, $"redirected {(hop == MaxRedirects ? "too often" : "from https to plain http")}, to {url.Host}.");
        }
    }

    private bool SameAuthority(Uri url) =>
        string.Equals(url.Authority, _http.BaseAddress!.Authority, StringComparison.OrdinalIgnoreCase) && url.Scheme == _http.BaseAddress.Scheme;

    [LoggerMessage(Level = LogLevel.Information, Message = "Registry: attempt {Attempt} of {Retries} again after: {Cause}")]
    private static partial void Retrying(ILogger logger, int attempt, int retries, string cause);
}
