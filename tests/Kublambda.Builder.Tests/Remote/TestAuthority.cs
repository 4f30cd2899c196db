using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kublambda.Builder.Tests.Remote;

/// <summary>An authority that nobody trusts, and a certificate of it for localhost and more names.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _root;

    public TestAuthority(params IEnumerable<string> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Kublambda test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        _root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        Server = Issue(names);
        File = Path.GetTempFileName();
        System.IO.File.WriteAllText(File, Pem);
    }

    public X509Certificate2 Server { get; }

    /// <summary>The server's key and certificate in PEM.</summary>
    public string ServerPem { get; private set; } = "";

    /// <summary>The authority in PEM.</summary>
    public string Pem => _root.ExportCertificatePem();

    /// <summary>A file of <see cref="Pem"/>.</summary>
    public string File { get; }

    public void Dispose()
    {
        System.IO.File.Delete(File);
        Server.Dispose();
        _root.Dispose();
    }

    private X509Certificate2 Issue(IEnumerable<string> more)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        foreach (var name in more)
        {
            if (IPAddress.TryParse(name, out var address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(_root, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddMinutes(50), [1, 2, 3, 4]);
        ServerPem = $"{key.ExportPkcs8PrivateKeyPem()}\n{issued.ExportCertificatePem()}\n";
        using var whole = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pfx), null);
    }
}
