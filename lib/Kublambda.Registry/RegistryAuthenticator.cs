using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Kublambda.Registry;

/// <summary>
/// Answers a registry's challenge: Basic, or a Bearer token from the realm it names. The password goes to the configured
/// host; to a realm on another host only over https, and only where the challenge itself came over https: on plain http
/// anybody on the way could name a realm of his own.
/// </summary>
internal sealed class RegistryAuthenticator(HttpClient http, RegistryOptions options, TimeProvider time)
{
    private const int MaxTokenBytes = 256 * 1024;
    private const int MaxTokens = 1000;
    private static readonly TimeSpan EarlyEnd = TimeSpan.FromSeconds(15);
    private readonly ConcurrentDictionary<string, (string Authorization, DateTimeOffset Until)> _tokens = new(StringComparer.Ordinal);
    private volatile string? _basic;

    /// <summary>The authorization header that worked before for these scopes, or null.</summary>
    public string? Known(IReadOnlyList<string> scopes) =>
        _basic ?? (_tokens.TryGetValue(Key(scopes), out var token) && token.Until > time.GetUtcNow() ? token.Authorization : null);

    /// <summary>Makes an authorization header for a challenge. The credentials file is read again: it may have been renewed.</summary>
    /// <returns>Null where there is nothing to answer with.</returns>
    public async Task<string?> AnswerAsync(
        IEnumerable<AuthenticationHeaderValue> headers, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        var challenges = headers.Select(Challenge.Parse).ToList();
        var credentials = Load();
        _basic = null;
        if (challenges.FirstOrDefault(c => c.IsBearer) is { } bearer)
            return await TokenAsync(bearer, credentials, scopes, cancellationToken);
        var basic = challenges.Any(c => c.IsBasic) && credentials is { IdentityToken: null } ? $"Basic {credentials.Basic}" : null;
        _basic = basic;
        return basic;
    }

    private RegistryCredentials? Load()
    {
        try
        {
            return RegistryCredentials.Load(options);
        }
        catch (InvalidDataException e)
        {
            throw new RegistryException(RegistryErrorKind.Unauthorized, $"Registry {options.PushHost}: {e.Message}", e);
        }
    }

    private async Task<string?> TokenAsync(
        Challenge challenge, RegistryCredentials? credentials, IReadOnlyList<string> scopes, CancellationToken cancellationToken)
    {
        if (!Uri.TryCreate(challenge["realm"], UriKind.Absolute, out var realm) || !Trusted(realm))
        {
            throw new RegistryException(RegistryErrorKind.Unauthorized,
                $"Registry {options.PushHost}: it sends for a token to '{challenge["realm"]}', which is neither https nor this host (or the registry itself is on plain http). Use https for both.");
        }
        using var request = Request(challenge, realm, credentials, Wanted(challenge, scopes));
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw Refused(realm, response.StatusCode);
        var body = await response.Content.ReadUpToAsync(MaxTokenBytes, cancellationToken);
        var (token, lifetime) = ReadToken(body) ?? throw new RegistryException(RegistryErrorKind.Invalid, $"Registry {options.PushHost}: the answer of {realm.Host} holds no token.");
        if (_tokens.Count >= MaxTokens)
            _tokens.Clear();
        var authorization = $"Bearer {token}";
        _tokens[Key(scopes)] = (authorization, time.GetUtcNow() + lifetime - EarlyEnd);
        return authorization;
    }

    private bool Trusted(Uri realm)
    {
        var own = string.Equals(realm.Host, new Uri($"http://{options.PushHost}").Host, StringComparison.OrdinalIgnoreCase);
        return options.Insecure ? own && (realm.Scheme == Uri.UriSchemeHttp || realm.Scheme == Uri.UriSchemeHttps) : realm.Scheme == Uri.UriSchemeHttps;
    }

    /// <summary>Token requests: GET with Basic (distribution), or a form with the identity token (OAuth 2).</summary>
    private static HttpRequestMessage Request(Challenge challenge, Uri realm, RegistryCredentials? credentials, IEnumerable<string> scopes)
    {
        var service = challenge["service"] ?? "";
        if (credentials?.IdentityToken is { } identity)
        {
            return new HttpRequestMessage(HttpMethod.Post, realm)
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>
                {
                    ["grant_type"] = "refresh_token",
                    ["refresh_token"] = identity,
                    ["service"] = service,
                    ["client_id"] = "kublambda",
                    ["scope"] = string.Join(' ', scopes),
                }),
            };
        }
        var query = string.Join('&', scopes.Select(scope => $"scope={Uri.EscapeDataString(scope)}").Prepend($"service={Uri.EscapeDataString(service)}"));
        var url = new UriBuilder(realm) { Query = realm.Query.Length > 1 ? $"{realm.Query[1..]}&{query}" : query };
        var request = new HttpRequestMessage(HttpMethod.Get, url.Uri);
        if (credentials is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", credentials.Basic);
        return request;
    }

    private RegistryException Refused(Uri realm, HttpStatusCode status) =>
        new((int)status switch { 401 or 400 => RegistryErrorKind.Unauthorized, 403 => RegistryErrorKind.Forbidden, 429 => RegistryErrorKind.TooManyRequests, >= 500 => RegistryErrorKind.Unavailable, _ => RegistryErrorKind.Invalid },
            $"Registry {options.PushHost}: {realm.Host} gives no token: {(int)status}. Check the credentials in the Secret kublambda-registry.")
        { Status = status };

    private static IEnumerable<string> Wanted(Challenge challenge, IReadOnlyList<string> scopes) =>
        scopes.Concat((challenge["scope"] ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal);

    private static string Key(IReadOnlyList<string> scopes) => string.Join(' ', scopes);

    private static (string Token, TimeSpan Lifetime)? ReadToken(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var root = json.RootElement;
            var token = root.TryGetProperty("token", out var t) ? t.GetString() : root.TryGetProperty("access_token", out var a) ? a.GetString() : null;
            // The specification's own default, and its shortest sensible bound.
            var seconds = root.TryGetProperty("expires_in", out var e) && e.TryGetInt32(out var given) ? Math.Clamp(given, 60, 3600) : 60;
            return string.IsNullOrEmpty(token) || token.AsSpan().IndexOfAnyExceptInRange('!', '~') >= 0 ? null : (token, TimeSpan.FromSeconds(seconds));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
