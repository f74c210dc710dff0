using System.Text;

namespace CertHerald.Names.Lookalikes;

/// <summary>
/// Content networks, load balancers and business services that write their customers' names into theirs. Customers are companies
/// that the service knows: a name there is no alert, only a note. Hosting that anybody takes for free is not here.
/// </summary>
internal static class ServiceHosts
{
    private const string Names = """
        edgekey.net edgesuite.net akamaized.net akamaihd.net akamai.net akamaiedge.net akadns.net akadns88.net akahost.net globalredir.akadns.net fastly.net fastly-edge.com fastlylb.net elb.amazonaws.com
        cloudfront.net azureedge.net azurefd.net trafficmanager.net msedge.net ax-msedge.net l-msedge.net wac-msedge.net cloudapp.net cdn.cloudflare.net cloudflare.net incapdns.net impervadns.net edgecastcdn.net
        footprint.net llnwd.net lldns.net hwcdn.net cachefly.net b-cdn.net cdn77.org kxcdn.com stackpathdns.com gcdn.co nsatc.net alibabadns.com alicdn.com cdngslb.com kunlunsl.com tbcache.com wscdns.com
        chinacache.net qiniudns.com tengine.alibabadns.com bytefcdn-oversea.com bytecdn.cn ttdns2.com myhuaweicloud.com dbankcloud.cn dbankedge.cn hicloudcam.com adobecqms.net adobeaemcloud.com demandware.net exacttarget.com
        omtrdc.net 2o7.net demdex.net marketo.com mktoweb.com sendgrid.net onelink.me app.link zendesk.com freshdesk.com helpshift.com atlassian.net statuspage.io service-now.com qualtrics.com myworkdayjobs.com taleo.net
        okta.com oktapreview.com auth0.com onelogin.com salesforce.com force.com site.com looker.com zscaler.net zscalertwo.net zscloud.net mimecast.com pphosted.com messagelabs.com
        cdn.ampproject.org mail.protection.outlook.com alikunlun.com azionedge.com ksyuncdn.com wsdvs.com edgesuite88.net cloudinary.com quantummetric.com impactradius.com fiservapps.com liblynxgateway.com
        arpa cn-hangzhou.aliyuncs.com aka700.net online-metrix.net digital.nuance.com
        """;

    /// <summary>All of them, in no order.</summary>
    public static IReadOnlyList<string> All { get; } = Names.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    private static readonly HashSet<ulong> Hashes = [.. All.Select(name =>
    {
        ulong hash = LabelHash.OfRoot;
        foreach (string label in name.Split('.').Reverse()) hash = LabelHash.Extend(hash, Encoding.ASCII.GetBytes(label));
        return hash;
    })];

    /// <summary>The highest score that a name can have: low below one of them. What only calls itself so is anybody's.</summary>
    public static int Most(NameText name)
    {
        for (int label = name.Labels - 1; label > 0; label--) if (Hashes.Contains(name.Below[label])) return LookalikeScores.Medium - 1;
        return 100;
    }
}
