using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Kublambda.Builder.Remote;

/// <summary>The certificates that servers of sources are checked against: the machine's, and the installation's own beside them.</summary>
public sealed class TrustBundle : IDisposable
{
    private static readonly string[] Machine = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];
    private readonly Lazy<string?> _file;

    public TrustBundle(IOptions<FetchOptions> options) => _file = new Lazy<string?>(() => Write(options.Value.CaFile));

    /// <summary>One file with all of them, in PEM, for git; null where the installation adds none.</summary>
    public string? File => _file.Value;

    /// <summary>For .NET's clients.</summary>
    public void Apply(SslClientAuthenticationOptions ssl)
    {
        if (File is not { } file)
            return;
        ssl.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        ssl.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(file);
    }

    public void Dispose()
    {
        if (_file is { IsValueCreated: true, Value: { } file })
            System.IO.File.Delete(file);
    }

    private static string? Write(string extra)
    {
        if (!System.IO.File.Exists(extra))
            return null;
        var machine = new[] { Environment.GetEnvironmentVariable("SSL_CERT_FILE") }.Concat(Machine).FirstOrDefault(System.IO.File.Exists);
        var file = Path.Combine(Path.GetTempPath(), $"kublambda-trust-{Environment.ProcessId}-{Guid.NewGuid():N}.crt");
        System.IO.File.WriteAllText(file, string.Join('\n', new[] { machine, extra }.OfType<string>().Select(System.IO.File.ReadAllText)));
        return file;
    }
}
