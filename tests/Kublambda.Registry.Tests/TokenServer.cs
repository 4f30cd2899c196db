using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kublambda.Registry.Tests;

/// <summary>
/// A token server after distribution's token specification: signed tokens for whoever gives the password, with the
/// actions that were asked for and that the user has.
/// </summary>
internal sealed class TokenServer : IAsyncDisposable
{
    public const string User = "kublambda";
    public const string Password = "correct-horse";
    private readonly WebApplication _app;
    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate;
    private readonly string[] _allowed;

    private TokenServer(WebApplication app, int port, string[] allowed)
    {
        (_app, _allowed, Realm) = (app, allowed, $"http://127.0.0.1:{port}/token");
        _certificate = new CertificateRequest("CN=tokens", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        app.MapGet("/token", Answer);
    }

    public string Realm { get; }

    /// <summary>Scopes of the requests so far.</summary>
    public List<string> Asked { get; } = [];

    public string Certificate => _certificate.ExportCertificatePem();

    /// <summary>The registry's settings for it; the certificate goes into a file <c>root.pem</c>.</summary>
    public string Settings => $"auth: {{token: {{realm: '{Realm}', service: registry, issuer: tokens, rootcertbundle: {{dir}}/root.pem}}}}";

    public static async Task<TokenServer> StartAsync(params string[] allowed)
    {
        var port = LocalRegistry.FreePort();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{port}");
        var server = new TokenServer(app, port, allowed);
        await app.StartAsync();
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
    }

    private IResult Answer(HttpRequest request)
    {
        var expected = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"))}";
        if (request.Headers.Authorization != expected)
            return Results.Unauthorized();
        var scopes = request.Query["scope"].Select(scope => scope!).ToList();
        lock (Asked)
            Asked.AddRange(scopes);
        return Results.Json(new { token = Token(scopes), expires_in = 300 });
    }

    private string Token(IEnumerable<string> scopes)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var access = scopes.Select(scope => scope.Split(':')).Select(s => new { type = s[0], name = s[1], actions = s[2].Split(',').Intersect(_allowed) });
        var header = Encode(new { typ = "JWT", alg = "RS256", x5c = new[] { Convert.ToBase64String(_certificate.RawData) } });
        var claims = Encode(new { iss = "tokens", sub = User, aud = "registry", exp = now + 300, nbf = now - 60, iat = now, jti = Guid.NewGuid().ToString(), access });
        var signature = _key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{header}.{claims}.{Base64Url(signature)}";
    }

    private static string Encode<T>(T value) => Base64Url(JsonSerializer.SerializeToUtf8Bytes(value));

    private static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
