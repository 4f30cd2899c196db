namespace Kublambda.Registry;

/// <summary>Where images go, section <c>Registry</c>. A registry has two names where nodes reach it by another way than pods do.</summary>
public sealed record RegistryOptions
{
    public const string Section = "Registry";

    /// <summary>Where the Secret <c>kublambda-registry</c> is mounted, if there is one.</summary>
    public const string DefaultAuthFile = "/etc/kublambda/registry/config.json";

    /// <summary>Host, and port where it is not the usual one, under which pods of this cluster push. No scheme, no path.</summary>
    public string PushHost { get; init; } = "";

    /// <summary>The same registry under the name that nodes pull by.</summary>
    public string PullHost { get; init; } = "";

    /// <summary>Plain http instead of https on the push side.</summary>
    public bool Insecure { get; init; }

    /// <summary>
    /// A file in the format of <c>.dockerconfigjson</c> with an entry for <see cref="PushHost"/>. Where set, it has to be there.
    /// Null: <see cref="DefaultAuthFile"/> where that exists, else no credentials.
    /// </summary>
    public string? AuthFile { get; init; }

    /// <summary>For hosts other than the push side: without an entry of their own they are read without credentials.</summary>
    internal bool EntryOptional { get; init; }

    /// <summary>Texts in the format of <c>.dockerconfigjson</c> that take the place of <see cref="AuthFile"/>: somebody else's credentials, and never the installation's.</summary>
    internal IReadOnlyList<string>? AuthConfigs { get; init; }
}
