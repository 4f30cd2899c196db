using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Kublambda.Registry;

/// <summary>Sends requests: credentials, redirects, retries, and errors that say what to do.</summary>
internal sealed partial class RegistryTransport : IDisposable
{
    private const int MaxErrorBytes = 16 * 1024;
    private const int MaxRedirects = 5;
    private const int MaxRetries = 3;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private readonly HttpClient _http;
    private readonly RegistryOptions _options;
    private readonly RegistryAuthenticator _authenticator;
    private readonly TimeProvider _time;

    public RegistryTransport(IOptions<RegistryOptions> options, TimeProvider time, ILogger<RegistryTransport> logger)
    {
        _options = options.Value;
        _time = time;
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
#pragma warning restore CA2000
        _http = new HttpClient(handler) { Timeout = System.Threading.Timeout.InfiniteTimeSpan, BaseAddress = new Uri($"{(_options.Insecure ? "http" : "https")}://{_options.PushHost}/") };
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

    public void Dispose() => _http.Dispose();

    /// <summary>Sends a request.</summary>
    /// <returns>An answer with a 2xx or expected status; the caller disposes of it.</returns>
    /// <exception cref="RegistryException">Any other outcome.</exception>
    public async Task<HttpResponseMessage> SendAsync(RegistryRequest request, CancellationToken cancellationToken) =>
        request.Retry
            ? await Retries.ExecuteAsync(async token => await AttemptAsync(request, token), cancellationToken)
            : await AttemptAsync(request, cancellationToken);

    /// <summary>An error of this operation, with host and operation put before the words.</summary>
    public RegistryException Error(RegistryErrorKind kind, string operation, string words, Exception? inner = null) =>
        new(kind, $"Registry {_options.PushHost}: {operation}: {words}", inner);

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
                throw await ErrorAsync(request, response, timeout.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Error(RegistryErrorKind.Unavailable, request.Operation, $"no answer within {request.Timeout.TotalSeconds:0} s. {Remedy(RegistryErrorKind.Unavailable)}", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Error(RegistryErrorKind.Unavailable, request.Operation, $"{e.Message}. {Remedy(RegistryErrorKind.Unavailable)}", e);
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
                throw Error(RegistryErrorKind.Invalid, request.Operation, $"redirected {(hop == MaxRedirects ? "too often" : "from https to plain http")}, to {url.Host}.");
        }
    }

    private bool SameAuthority(Uri url) =>
        string.Equals(url.Authority, _http.BaseAddress!.Authority, StringComparison.OrdinalIgnoreCase) && url.Scheme == _http.BaseAddress.Scheme;

    private async Task<RegistryException> ErrorAsync(
        RegistryRequest request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var (code, words) = ReadError(await response.Content.ReadUpToAsync(MaxErrorBytes, cancellationToken));
        var status = (int)response.StatusCode;
        var deletes = request.Method == HttpMethod.Delete;
        var kind = status switch
        {
            401 => RegistryErrorKind.Unauthorized,
            403 => RegistryErrorKind.Forbidden,
            429 => RegistryErrorKind.TooManyRequests,
            408 or >= 500 and not 501 => RegistryErrorKind.Unavailable,
            // The digest in the URL is well formed: distribution 2.8 read a link file while another request was writing it.
            400 when deletes && code == "DIGEST_INVALID" => RegistryErrorKind.Unavailable,
            400 or 405 or 501 when deletes && (code == "UNSUPPORTED" || status != 400) => RegistryErrorKind.DeletionDisabled,
            _ => RegistryErrorKind.Invalid,
        };
        var message = string.Create(CultureInfo.InvariantCulture, $"{status} {code} {words}").Trim();
        return new RegistryException(kind, $"Registry {_options.PushHost}: {request.Operation}: {message}. {Remedy(kind)}".TrimEnd())
        {
            Status = response.StatusCode,
            RetryAfter = Wait(response),
        };
    }

    /// <summary>Retry-After in either of its forms, seconds or a date.</summary>
    private TimeSpan? Wait(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _time.GetUtcNow(),
            _ => TimeSpan.Zero,
        };
        return wait > TimeSpan.Zero ? wait : null;
    }

    private string Remedy(RegistryErrorKind kind) => kind switch
    {
        RegistryErrorKind.Unavailable => "Check that the registry runs, and that Registry__PushHost and Registry__Insecure are right.",
        RegistryErrorKind.Unauthorized when RegistryCredentials.FileOf(_options) is { } file => $"Check the credentials in {file}.",
        RegistryErrorKind.Unauthorized => "The registry wants credentials and none are configured: give them in the Secret kublambda-registry.",
        RegistryErrorKind.Forbidden => "Give the account the right to pull, push and delete there.",
        RegistryErrorKind.DeletionDisabled => "Switch deletion on in the registry (distribution: storage.delete.enabled, or REGISTRY_STORAGE_DELETE_ENABLED=true).",
        RegistryErrorKind.TooManyRequests => "The registry limits requests: wait, or raise its limit.",
        _ => "",
    };

    /// <summary>The first error of <c>{"errors":[{"code","message"}]}</c>; hostile or foreign bodies give nothing.</summary>
    private static (string Code, string Words) ReadError(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var first = json.RootElement.GetProperty("errors")[0];
            var code = first.GetProperty("code").GetString() ?? "";
            var words = first.TryGetProperty("message", out var message) ? message.GetString() ?? "" : "";
            return (code.Length > 64 ? code[..64] : code, words.Length > 512 ? words[..512] : words);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            return ("", "");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Registry: attempt {Attempt} of {Retries} again after: {Cause}")]
    private static partial void Retrying(ILogger logger, int attempt, int retries, string cause);
}
