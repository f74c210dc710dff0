using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>Which names are never look-alikes: the user's own, and those that are allowed. Immutable and thread-safe.</summary>
internal sealed class Ownership
{
    private readonly PrefixTable<Claim> _claims;

    public Ownership(IReadOnlyList<ProtectedDomain> domains)
    {
        var claims = new Dictionary<ulong, Claim>();
        for (int i = 0; i < domains.Count; i++)
        {
            Add(domains[i].Name, i, isOwn: true);
            foreach (string own in domains[i].Own) Add(own, i, isOwn: true);
            foreach (string allowed in domains[i].Allowed) Add(allowed, i, isOwn: false);
        }
        _claims = new PrefixTable<Claim>([.. claims.Keys], [.. claims.Values]);

        void Add(string name, int domain, bool isOwn)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(name.ToLowerInvariant());
            ulong hash = HashOf(bytes);
            if (!claims.TryGetValue(hash, out Claim? claim)) claims.Add(hash, claim = new Claim());
            if (!claim.Domains.Contains(domain)) claim.Domains.Add(domain);
            claim.IsOwn |= isOwn;
        }
    }

    /// <summary>
    /// Whether a name belongs to the user. A public suffix that a user owns makes its customers' names exempt for that domain
    /// only: they are strangers to the user's others.
    /// </summary>
    /// <param name="exempt">Set to the domains that the name is no look-alike of.</param>
    public bool IsOwn(NameText name, HashSet<int> exempt)
    {
        if (exempt.Count > 0) exempt.Clear();
        for (int label = 0; label < name.Labels; label++)
        {
            if (!_claims.MayHold(name.Below[label]) || _claims.Find(name.Below[label]) is not [(_, { } claim)]) continue;
            if (claim.IsOwn && label <= name.OwnerLabel) return true;
            foreach (int domain in claim.Domains) exempt.Add(domain);
        }
        return false;
    }

    private static ulong HashOf(ReadOnlySpan<byte> name)
    {
        ulong hash = LabelHash.OfRoot;
        while (true)
        {
            int dot = name.LastIndexOf((byte)'.');
            hash = LabelHash.Extend(hash, name[(dot + 1)..]);
            if (dot < 0) return hash;
            name = name[..dot];
        }
    }

    private sealed class Claim
    {
        public bool IsOwn { get; set; }

        public List<int> Domains { get; } = [];
    }
}
