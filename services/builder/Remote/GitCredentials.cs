using System.Text;
using k8s.Models;
using Kublambda.Builder.Sources;

namespace Kublambda.Builder.Remote;

/// <summary>
/// What a Secret says: <c>username</c> (absent: <c>git</c>) and <c>password</c>, as in <c>kubernetes.io/basic-auth</c>, for https; <c>ssh-privatekey</c>, as in
/// <c>kubernetes.io/ssh-auth</c>, and <c>known_hosts</c> for ssh.
/// </summary>
internal sealed record GitCredentials(string? User, string? Password, byte[]? PrivateKey, byte[]? KnownHosts)
{
    private const string UserKey = "username";
    private const string PasswordKey = "password";
    private const string KeyKey = "ssh-privatekey";
    private const string HostsKey = "known_hosts";

    /// <summary>Value of an Authorization header.</summary>
    public string Basic => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));

    /// <exception cref="SourceNotFoundException">The Secret lacks what the URL needs.</exception>
    /// <exception cref="SourceRefusedException">It must not be sent there.</exception>
    public static GitCredentials Of(V1Secret secret, GitSourceUrl url)
    {
        var name = secret.Name();
        if (url.IsSsh)
        {
            return new GitCredentials(null, null, Need(KeyKey), Need(HostsKey));
        }

        if (url.Scheme == "http")
            throw new SourceRefusedException("spec.source.git.url is plain http, over which credentials would be readable on the way. Use https, or remove secretRef.");
        var user = Text(UserKey) ?? "git";
        var password = Encoding.UTF8.GetString(Need(PasswordKey)).Trim();
        return user.Any(char.IsControl) || password.Any(char.IsControl) || user.Contains(':', StringComparison.Ordinal)
            ? throw new SourceRefusedException($"The Secret \"{name}\" has a {UserKey} or {PasswordKey} with a line break, a control character or a colon in the user's name. Write it without.")
            : new GitCredentials(user, password, null, null);

        string? Text(string key) => secret.Data?.TryGetValue(key, out var value) == true ? Encoding.UTF8.GetString(value).Trim() : null;

        byte[] Need(string key) => secret.Data?.TryGetValue(key, out var value) == true && value.Length > 0 ? value : throw new SourceNotFoundException(
            $"The Secret \"{name}\" that spec.source.git.secretRef names has no key \"{key}\". For https it needs {PasswordKey} (and {UserKey}, else \"git\" is taken), for ssh {KeyKey} and {HostsKey} (the output of `ssh-keyscan {url.Host}`, compared with what the server's owner publishes).");
    }
}
