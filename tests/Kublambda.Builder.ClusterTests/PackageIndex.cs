using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using k8s;
using k8s.Models;

namespace Kublambda.Builder.ClusterTests;

/// <summary>
/// A pod that serves one package, <c>greet</c> 1.0.0, as npm, PyPI and NuGet do: what an installation's mirrors are, without a network. The packages are made here.
/// </summary>
internal sealed class PackageIndex(string address)
{
    private const string Program = """
        const fs = require('node:fs'), crypto = require('node:crypto');
        const file = (n) => fs.readFileSync(`/packages/${n}`);
        require('node:http').createServer((req, res) => {
          const base = `http://${req.headers.host}`, path = decodeURIComponent(req.url.split('?')[0]).replace(/\/$/, '').toLowerCase();
          const json = (o) => { res.writeHead(200, { 'content-type': 'application/json' }); res.end(JSON.stringify(o)); };
          if (path === '/npm/greet') {
            const integrity = 'sha512-' + crypto.createHash('sha512').update(file('greet.tgz')).digest('base64');
            return json({ name: 'greet', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': { name: 'greet', version: '1.0.0', dist: { tarball: `${base}/files/greet.tgz`, integrity } } } });
          }
          if (path === '/simple/greet') { res.writeHead(200, { 'content-type': 'text/html' }); return res.end(`<a href="${base}/files/greet-1.0.0-py3-none-any.whl">greet-1.0.0-py3-none-any.whl</a>`); }
          if (path === '/nuget/index.json') return json({ version: '3.0.0', resources: [{ '@id': `${base}/nuget/flat/`, '@type': 'PackageBaseAddress/3.0.0' }] });
          if (path === '/nuget/flat/greet/index.json') return json({ versions: ['1.0.0'] });
          if (path === '/nuget/flat/greet/1.0.0/greet.1.0.0.nupkg') return res.end(file('greet.nupkg'));
          if (path.startsWith('/files/')) return res.end(file(path.slice(7)));
          res.writeHead(404); res.end();
        }).listen(5000);
        """;

    private const string Name = "packages";

    /// <summary>What the Secret of <c>Build:EnvironmentSecret</c> holds.</summary>
    public Dictionary<string, string> Environment { get; } = EnvironmentOf(address);

    /// <summary>A <c>nuget.config</c> of a source: plain http has to be allowed there.</summary>
    public string NuGetConfig { get; } =
        $"""<configuration><packageSources><clear/><add key="index" value="http://{address}/nuget/index.json" allowInsecureConnections="true"/></packageSources></configuration>""";

    public static Dictionary<string, string> EnvironmentOf(string address) => new()
    {
        ["npm_config_registry"] = $"http://{address}/npm/",
        ["npm_config_fetch_retries"] = "0",
        ["PIP_INDEX_URL"] = $"http://{address}/simple/",
        ["PIP_TRUSTED_HOST"] = address.Split(':')[0],
        ["PIP_RETRIES"] = "1",
    };

    public static async Task<PackageIndex> StartAsync(IKubernetes client, string ns)
    {
        await client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap
            {
                Metadata = new() { Name = Name },
                BinaryData = new Dictionary<string, byte[]> { ["greet.tgz"] = Npm(), ["greet-1.0.0-py3-none-any.whl"] = Wheel(), ["greet.nupkg"] = NuPkg() },
            },
            ns);
        await client.CoreV1.CreateNamespacedPodAsync(
            new V1Pod
            {
                Metadata = new() { Name = Name },
                Spec = new()
                {
                    TerminationGracePeriodSeconds = 1,
                    EnableServiceLinks = false,
                    AutomountServiceAccountToken = false,
                    Containers =
                    [
                        new()
                        {
                            Name = Name,
                            Image = "localhost:5000/kublambda/runtime-nodejs:dev",
                            Command = ["node", "-e", Program],
                            ReadinessProbe = new() { TcpSocket = new() { Port = 5000 }, PeriodSeconds = 1 },
                            VolumeMounts = [new() { Name = "files", MountPath = "/packages" }],
                        },
                    ],
                    Volumes = [new() { Name = "files", ConfigMap = new() { Name = Name } }],
                },
            },
            ns);
        V1Pod pod = null!;
        await Cluster.EventuallyAsync(
            async () => (pod = await client.CoreV1.ReadNamespacedPodAsync(Name, ns)).Status?.ContainerStatuses?.All(s => s.Ready) == true, "the packages are served", seconds: 120);
        return new PackageIndex($"{pod.Status.PodIP}:5000");
    }

    private static byte[] Npm()
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            foreach (var (name, text) in new[] { ("package/package.json", """{"name":"greet","version":"1.0.0","main":"index.js"}"""), ("package/index.js", "module.exports = 'hello'") })
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }

        return memory.ToArray();
    }

    // https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    private static byte[] Wheel() => Zip(
        ("greet.py", "WORD = 'hello'\n"u8.ToArray()),
        ("greet-1.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greet\nVersion: 1.0.0\n"u8.ToArray()),
        ("greet-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"u8.ToArray()),
        ("greet-1.0.0.dist-info/RECORD", "greet.py,,\ngreet-1.0.0.dist-info/METADATA,,\ngreet-1.0.0.dist-info/WHEEL,,\ngreet-1.0.0.dist-info/RECORD,,\n"u8.ToArray()));

    // With an assembly that is at hand.
    private static byte[] NuPkg() => Zip(
        ("greet.nuspec", """<package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata><id>greet</id><version>1.0.0</version><authors>test</authors><description>test</description></metadata></package>"""u8.ToArray()),
        ("lib/net8.0/System.IO.Hashing.dll", File.ReadAllBytes(typeof(System.IO.Hashing.XxHash64).Assembly.Location)));

    private static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return memory.ToArray();
    }
}
