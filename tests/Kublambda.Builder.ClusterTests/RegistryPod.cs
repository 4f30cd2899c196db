using System.Text;
using System.Text.Json;
using k8s;
using k8s.Models;

namespace Kublambda.Builder.ClusterTests;

/// <summary>A registry of its own in a namespace, with which it goes.</summary>
internal sealed class RegistryPod(string host)
{
    private const string User = "kublambda";
    private const string Password = "correct-horse";

    /// <summary>bcrypt of <see cref="Password"/>: the only kind of hash that the registry takes.</summary>
    private const string PasswordFile = $"{User}:$2b$04$eUCoIb5sdFaH.jPbdaGsnuI9dpUK0u5NrV.BDmqSuKNHNolSJGUMS\n";
    private const string Settings = """
        version: 0.1
        http: {addr: ":5000"}
        storage: {filesystem: {rootdirectory: /data}, delete: {enabled: true}}
        """;
    private const string Guard = "\nauth: {htpasswd: {realm: test, path: /files/htpasswd}}";

    public string Host { get; } = host;

    /// <summary>In the format of <c>.dockerconfigjson</c>.</summary>
    public string Credentials { get; } = JsonSerializer.Serialize(new
    {
        auths = new Dictionary<string, object> { [host] = new { auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}")) } },
    });

    /// <param name="client">The cluster.</param>
    /// <param name="ns">The namespace.</param>
    /// <param name="guarded">Whether it asks for a password.</param>
    public static async Task<RegistryPod> StartAsync(IKubernetes client, string ns, bool guarded)
    {
        var settings = guarded ? Settings + Guard : Settings;
        await client.CoreV1.CreateNamespacedConfigMapAsync(
            new V1ConfigMap { Metadata = new() { Name = "registry" }, Data = new Dictionary<string, string> { ["config.yml"] = settings, ["htpasswd"] = PasswordFile } }, ns);
        return await StartAsync(
            client, ns, "registry",
            new()
            {
                Image = "localhost/kublambda/registry:dev",
                Command = ["registry", "serve", "/files/config.yml"],
                VolumeMounts = [new() { Name = "files", MountPath = "/files" }, new() { Name = "data", MountPath = "/data" }],
            },
            new() { Name = "files", ConfigMap = new() { Name = "registry" } }, new() { Name = "data", EmptyDir = new() });
    }

    /// <summary>One that has nothing, and answers 403 to whoever wants to write.</summary>
    public static async Task<RegistryPod> StartForbiddingAsync(IKubernetes client, string ns)
    {
        const string program = """
            require('node:http').createServer((req, res) => {
              const writes = req.method !== 'GET' && req.method !== 'HEAD';
              const status = writes ? 403 : req.url === '/v2/' ? 200 : 404;
              const code = writes ? 'DENIED' : 'MANIFEST_UNKNOWN';
              res.writeHead(status, { 'content-type': 'application/json' });
              res.end(status === 200 ? '{}' : JSON.stringify({ errors: [{ code, message: writes ? 'requested access to the resource is denied' : 'unknown' }] }));
            }).listen(5000);
            """;
        // Has node; the installation has put it there.
        return await StartAsync(client, ns, "forbidding", new() { Image = "localhost:5000/kublambda/runtime-nodejs:dev", Command = ["node", "-e", program] });
    }

    private static async Task<RegistryPod> StartAsync(IKubernetes client, string ns, string name, V1Container container, params V1Volume[] volumes)
    {
        container.Name = "registry";
        container.ReadinessProbe = new() { TcpSocket = new() { Port = 5000 }, PeriodSeconds = 1 };
        await client.CoreV1.CreateNamespacedPodAsync(
            new V1Pod
            {
                Metadata = new() { Name = name },
                Spec = new()
                {
                    TerminationGracePeriodSeconds = 1,
                    EnableServiceLinks = false,
                    // Up to 1.23 a pod that wants one is refused until the namespace has it.
                    AutomountServiceAccountToken = false,
                    Containers = [container],
                    Volumes = volumes,
                },
            },
            ns);
        V1Pod pod = null!;
        await Cluster.EventuallyAsync(
            async () => (pod = await client.CoreV1.ReadNamespacedPodAsync(name, ns)).Status?.ContainerStatuses?.All(s => s.Ready) == true, "a registry");
        return new RegistryPod($"{pod.Status.PodIP}:5000");
    }
}
