//! `k8s.io/api/core/v1`. Written by `cargo xtask generate-api`.

use apimachinery::{Map, Value};

#[allow(unused_imports)]
use crate::views::{self, IntOrString, Item, ViewList, ViewMap, bare, map_of, optional};

#[derive(Clone, Copy, Debug)]
pub struct Volume<'a>(pub &'a Map);

impl<'a> Item<'a> for Volume<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Volume(map_of(value))
    }
}

impl<'a> Volume<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Volume(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn volume_source(self) -> VolumeSource<'a> {
        VolumeSource(self.0)
    }
    #[inline]
    pub fn host_path(self) -> Option<HostPathVolumeSource<'a>> {
        optional(self.0, "hostPath")
    }
    #[inline]
    pub fn empty_dir(self) -> Option<EmptyDirVolumeSource<'a>> {
        optional(self.0, "emptyDir")
    }
    #[inline]
    pub fn gce_persistent_disk(self) -> Option<GCEPersistentDiskVolumeSource<'a>> {
        optional(self.0, "gcePersistentDisk")
    }
    #[inline]
    pub fn aws_elastic_block_store(self) -> Option<AWSElasticBlockStoreVolumeSource<'a>> {
        optional(self.0, "awsElasticBlockStore")
    }
    #[inline]
    pub fn git_repo(self) -> Option<GitRepoVolumeSource<'a>> {
        optional(self.0, "gitRepo")
    }
    #[inline]
    pub fn secret(self) -> Option<SecretVolumeSource<'a>> {
        optional(self.0, "secret")
    }
    #[inline]
    pub fn nfs(self) -> Option<NFSVolumeSource<'a>> {
        optional(self.0, "nfs")
    }
    #[inline]
    pub fn iscsi(self) -> Option<ISCSIVolumeSource<'a>> {
        optional(self.0, "iscsi")
    }
    #[inline]
    pub fn glusterfs(self) -> Option<GlusterfsVolumeSource<'a>> {
        optional(self.0, "glusterfs")
    }
    #[inline]
    pub fn persistent_volume_claim(self) -> Option<PersistentVolumeClaimVolumeSource<'a>> {
        optional(self.0, "persistentVolumeClaim")
    }
    #[inline]
    pub fn rbd(self) -> Option<RBDVolumeSource<'a>> {
        optional(self.0, "rbd")
    }
    #[inline]
    pub fn flex_volume(self) -> Option<FlexVolumeSource<'a>> {
        optional(self.0, "flexVolume")
    }
    #[inline]
    pub fn cinder(self) -> Option<CinderVolumeSource<'a>> {
        optional(self.0, "cinder")
    }
    #[inline]
    pub fn cephfs(self) -> Option<CephFSVolumeSource<'a>> {
        optional(self.0, "cephfs")
    }
    #[inline]
    pub fn flocker(self) -> Option<FlockerVolumeSource<'a>> {
        optional(self.0, "flocker")
    }
    #[inline]
    pub fn downward_api(self) -> Option<DownwardAPIVolumeSource<'a>> {
        optional(self.0, "downwardAPI")
    }
    #[inline]
    pub fn fc(self) -> Option<FCVolumeSource<'a>> {
        optional(self.0, "fc")
    }
    #[inline]
    pub fn azure_file(self) -> Option<AzureFileVolumeSource<'a>> {
        optional(self.0, "azureFile")
    }
    #[inline]
    pub fn config_map(self) -> Option<ConfigMapVolumeSource<'a>> {
        optional(self.0, "configMap")
    }
    #[inline]
    pub fn vsphere_volume(self) -> Option<VsphereVirtualDiskVolumeSource<'a>> {
        optional(self.0, "vsphereVolume")
    }
    #[inline]
    pub fn quobyte(self) -> Option<QuobyteVolumeSource<'a>> {
        optional(self.0, "quobyte")
    }
    #[inline]
    pub fn azure_disk(self) -> Option<AzureDiskVolumeSource<'a>> {
        optional(self.0, "azureDisk")
    }
    #[inline]
    pub fn photon_persistent_disk(self) -> Option<PhotonPersistentDiskVolumeSource<'a>> {
        optional(self.0, "photonPersistentDisk")
    }
    #[inline]
    pub fn projected(self) -> Option<ProjectedVolumeSource<'a>> {
        optional(self.0, "projected")
    }
    #[inline]
    pub fn portworx_volume(self) -> Option<PortworxVolumeSource<'a>> {
        optional(self.0, "portworxVolume")
    }
    #[inline]
    pub fn scale_io(self) -> Option<ScaleIOVolumeSource<'a>> {
        optional(self.0, "scaleIO")
    }
    #[inline]
    pub fn storageos(self) -> Option<StorageOSVolumeSource<'a>> {
        optional(self.0, "storageos")
    }
    #[inline]
    pub fn csi(self) -> Option<CSIVolumeSource<'a>> {
        optional(self.0, "csi")
    }
    #[inline]
    pub fn ephemeral(self) -> Option<EphemeralVolumeSource<'a>> {
        optional(self.0, "ephemeral")
    }
    #[inline]
    pub fn image(self) -> Option<ImageVolumeSource<'a>> {
        optional(self.0, "image")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeSource(map_of(value))
    }
}

impl<'a> VolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeSource(map_of(value))
    }
    #[inline]
    pub fn host_path(self) -> Option<HostPathVolumeSource<'a>> {
        optional(self.0, "hostPath")
    }
    #[inline]
    pub fn empty_dir(self) -> Option<EmptyDirVolumeSource<'a>> {
        optional(self.0, "emptyDir")
    }
    #[inline]
    pub fn gce_persistent_disk(self) -> Option<GCEPersistentDiskVolumeSource<'a>> {
        optional(self.0, "gcePersistentDisk")
    }
    #[inline]
    pub fn aws_elastic_block_store(self) -> Option<AWSElasticBlockStoreVolumeSource<'a>> {
        optional(self.0, "awsElasticBlockStore")
    }
    #[inline]
    pub fn git_repo(self) -> Option<GitRepoVolumeSource<'a>> {
        optional(self.0, "gitRepo")
    }
    #[inline]
    pub fn secret(self) -> Option<SecretVolumeSource<'a>> {
        optional(self.0, "secret")
    }
    #[inline]
    pub fn nfs(self) -> Option<NFSVolumeSource<'a>> {
        optional(self.0, "nfs")
    }
    #[inline]
    pub fn iscsi(self) -> Option<ISCSIVolumeSource<'a>> {
        optional(self.0, "iscsi")
    }
    #[inline]
    pub fn glusterfs(self) -> Option<GlusterfsVolumeSource<'a>> {
        optional(self.0, "glusterfs")
    }
    #[inline]
    pub fn persistent_volume_claim(self) -> Option<PersistentVolumeClaimVolumeSource<'a>> {
        optional(self.0, "persistentVolumeClaim")
    }
    #[inline]
    pub fn rbd(self) -> Option<RBDVolumeSource<'a>> {
        optional(self.0, "rbd")
    }
    #[inline]
    pub fn flex_volume(self) -> Option<FlexVolumeSource<'a>> {
        optional(self.0, "flexVolume")
    }
    #[inline]
    pub fn cinder(self) -> Option<CinderVolumeSource<'a>> {
        optional(self.0, "cinder")
    }
    #[inline]
    pub fn cephfs(self) -> Option<CephFSVolumeSource<'a>> {
        optional(self.0, "cephfs")
    }
    #[inline]
    pub fn flocker(self) -> Option<FlockerVolumeSource<'a>> {
        optional(self.0, "flocker")
    }
    #[inline]
    pub fn downward_api(self) -> Option<DownwardAPIVolumeSource<'a>> {
        optional(self.0, "downwardAPI")
    }
    #[inline]
    pub fn fc(self) -> Option<FCVolumeSource<'a>> {
        optional(self.0, "fc")
    }
    #[inline]
    pub fn azure_file(self) -> Option<AzureFileVolumeSource<'a>> {
        optional(self.0, "azureFile")
    }
    #[inline]
    pub fn config_map(self) -> Option<ConfigMapVolumeSource<'a>> {
        optional(self.0, "configMap")
    }
    #[inline]
    pub fn vsphere_volume(self) -> Option<VsphereVirtualDiskVolumeSource<'a>> {
        optional(self.0, "vsphereVolume")
    }
    #[inline]
    pub fn quobyte(self) -> Option<QuobyteVolumeSource<'a>> {
        optional(self.0, "quobyte")
    }
    #[inline]
    pub fn azure_disk(self) -> Option<AzureDiskVolumeSource<'a>> {
        optional(self.0, "azureDisk")
    }
    #[inline]
    pub fn photon_persistent_disk(self) -> Option<PhotonPersistentDiskVolumeSource<'a>> {
        optional(self.0, "photonPersistentDisk")
    }
    #[inline]
    pub fn projected(self) -> Option<ProjectedVolumeSource<'a>> {
        optional(self.0, "projected")
    }
    #[inline]
    pub fn portworx_volume(self) -> Option<PortworxVolumeSource<'a>> {
        optional(self.0, "portworxVolume")
    }
    #[inline]
    pub fn scale_io(self) -> Option<ScaleIOVolumeSource<'a>> {
        optional(self.0, "scaleIO")
    }
    #[inline]
    pub fn storageos(self) -> Option<StorageOSVolumeSource<'a>> {
        optional(self.0, "storageos")
    }
    #[inline]
    pub fn csi(self) -> Option<CSIVolumeSource<'a>> {
        optional(self.0, "csi")
    }
    #[inline]
    pub fn ephemeral(self) -> Option<EphemeralVolumeSource<'a>> {
        optional(self.0, "ephemeral")
    }
    #[inline]
    pub fn image(self) -> Option<ImageVolumeSource<'a>> {
        optional(self.0, "image")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaimVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaimVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaimVolumeSource(map_of(value))
    }
}

impl<'a> PersistentVolumeClaimVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaimVolumeSource(map_of(value))
    }
    #[inline]
    pub fn claim_name(self) -> &'a str {
        bare(self.0, "claimName")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeSource(map_of(value))
    }
}

impl<'a> PersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn gce_persistent_disk(self) -> Option<GCEPersistentDiskVolumeSource<'a>> {
        optional(self.0, "gcePersistentDisk")
    }
    #[inline]
    pub fn aws_elastic_block_store(self) -> Option<AWSElasticBlockStoreVolumeSource<'a>> {
        optional(self.0, "awsElasticBlockStore")
    }
    #[inline]
    pub fn host_path(self) -> Option<HostPathVolumeSource<'a>> {
        optional(self.0, "hostPath")
    }
    #[inline]
    pub fn glusterfs(self) -> Option<GlusterfsPersistentVolumeSource<'a>> {
        optional(self.0, "glusterfs")
    }
    #[inline]
    pub fn nfs(self) -> Option<NFSVolumeSource<'a>> {
        optional(self.0, "nfs")
    }
    #[inline]
    pub fn rbd(self) -> Option<RBDPersistentVolumeSource<'a>> {
        optional(self.0, "rbd")
    }
    #[inline]
    pub fn iscsi(self) -> Option<ISCSIPersistentVolumeSource<'a>> {
        optional(self.0, "iscsi")
    }
    #[inline]
    pub fn cinder(self) -> Option<CinderPersistentVolumeSource<'a>> {
        optional(self.0, "cinder")
    }
    #[inline]
    pub fn cephfs(self) -> Option<CephFSPersistentVolumeSource<'a>> {
        optional(self.0, "cephfs")
    }
    #[inline]
    pub fn fc(self) -> Option<FCVolumeSource<'a>> {
        optional(self.0, "fc")
    }
    #[inline]
    pub fn flocker(self) -> Option<FlockerVolumeSource<'a>> {
        optional(self.0, "flocker")
    }
    #[inline]
    pub fn flex_volume(self) -> Option<FlexPersistentVolumeSource<'a>> {
        optional(self.0, "flexVolume")
    }
    #[inline]
    pub fn azure_file(self) -> Option<AzureFilePersistentVolumeSource<'a>> {
        optional(self.0, "azureFile")
    }
    #[inline]
    pub fn vsphere_volume(self) -> Option<VsphereVirtualDiskVolumeSource<'a>> {
        optional(self.0, "vsphereVolume")
    }
    #[inline]
    pub fn quobyte(self) -> Option<QuobyteVolumeSource<'a>> {
        optional(self.0, "quobyte")
    }
    #[inline]
    pub fn azure_disk(self) -> Option<AzureDiskVolumeSource<'a>> {
        optional(self.0, "azureDisk")
    }
    #[inline]
    pub fn photon_persistent_disk(self) -> Option<PhotonPersistentDiskVolumeSource<'a>> {
        optional(self.0, "photonPersistentDisk")
    }
    #[inline]
    pub fn portworx_volume(self) -> Option<PortworxVolumeSource<'a>> {
        optional(self.0, "portworxVolume")
    }
    #[inline]
    pub fn scale_io(self) -> Option<ScaleIOPersistentVolumeSource<'a>> {
        optional(self.0, "scaleIO")
    }
    #[inline]
    pub fn local(self) -> Option<LocalVolumeSource<'a>> {
        optional(self.0, "local")
    }
    #[inline]
    pub fn storageos(self) -> Option<StorageOSPersistentVolumeSource<'a>> {
        optional(self.0, "storageos")
    }
    #[inline]
    pub fn csi(self) -> Option<CSIPersistentVolumeSource<'a>> {
        optional(self.0, "csi")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolume<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolume<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolume(map_of(value))
    }
}

impl<'a> PersistentVolume<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolume(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> PersistentVolumeSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PersistentVolumeStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeSpec(map_of(value))
    }
}

impl<'a> PersistentVolumeSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeSpec(map_of(value))
    }
    #[inline]
    pub fn capacity(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "capacity")
    }
    #[inline]
    pub fn persistent_volume_source(self) -> PersistentVolumeSource<'a> {
        PersistentVolumeSource(self.0)
    }
    #[inline]
    pub fn gce_persistent_disk(self) -> Option<GCEPersistentDiskVolumeSource<'a>> {
        optional(self.0, "gcePersistentDisk")
    }
    #[inline]
    pub fn aws_elastic_block_store(self) -> Option<AWSElasticBlockStoreVolumeSource<'a>> {
        optional(self.0, "awsElasticBlockStore")
    }
    #[inline]
    pub fn host_path(self) -> Option<HostPathVolumeSource<'a>> {
        optional(self.0, "hostPath")
    }
    #[inline]
    pub fn glusterfs(self) -> Option<GlusterfsPersistentVolumeSource<'a>> {
        optional(self.0, "glusterfs")
    }
    #[inline]
    pub fn nfs(self) -> Option<NFSVolumeSource<'a>> {
        optional(self.0, "nfs")
    }
    #[inline]
    pub fn rbd(self) -> Option<RBDPersistentVolumeSource<'a>> {
        optional(self.0, "rbd")
    }
    #[inline]
    pub fn iscsi(self) -> Option<ISCSIPersistentVolumeSource<'a>> {
        optional(self.0, "iscsi")
    }
    #[inline]
    pub fn cinder(self) -> Option<CinderPersistentVolumeSource<'a>> {
        optional(self.0, "cinder")
    }
    #[inline]
    pub fn cephfs(self) -> Option<CephFSPersistentVolumeSource<'a>> {
        optional(self.0, "cephfs")
    }
    #[inline]
    pub fn fc(self) -> Option<FCVolumeSource<'a>> {
        optional(self.0, "fc")
    }
    #[inline]
    pub fn flocker(self) -> Option<FlockerVolumeSource<'a>> {
        optional(self.0, "flocker")
    }
    #[inline]
    pub fn flex_volume(self) -> Option<FlexPersistentVolumeSource<'a>> {
        optional(self.0, "flexVolume")
    }
    #[inline]
    pub fn azure_file(self) -> Option<AzureFilePersistentVolumeSource<'a>> {
        optional(self.0, "azureFile")
    }
    #[inline]
    pub fn vsphere_volume(self) -> Option<VsphereVirtualDiskVolumeSource<'a>> {
        optional(self.0, "vsphereVolume")
    }
    #[inline]
    pub fn quobyte(self) -> Option<QuobyteVolumeSource<'a>> {
        optional(self.0, "quobyte")
    }
    #[inline]
    pub fn azure_disk(self) -> Option<AzureDiskVolumeSource<'a>> {
        optional(self.0, "azureDisk")
    }
    #[inline]
    pub fn photon_persistent_disk(self) -> Option<PhotonPersistentDiskVolumeSource<'a>> {
        optional(self.0, "photonPersistentDisk")
    }
    #[inline]
    pub fn portworx_volume(self) -> Option<PortworxVolumeSource<'a>> {
        optional(self.0, "portworxVolume")
    }
    #[inline]
    pub fn scale_io(self) -> Option<ScaleIOPersistentVolumeSource<'a>> {
        optional(self.0, "scaleIO")
    }
    #[inline]
    pub fn local(self) -> Option<LocalVolumeSource<'a>> {
        optional(self.0, "local")
    }
    #[inline]
    pub fn storageos(self) -> Option<StorageOSPersistentVolumeSource<'a>> {
        optional(self.0, "storageos")
    }
    #[inline]
    pub fn csi(self) -> Option<CSIPersistentVolumeSource<'a>> {
        optional(self.0, "csi")
    }
    #[inline]
    pub fn access_modes(self) -> ViewList<'a, &'a str> {
        bare(self.0, "accessModes")
    }
    #[inline]
    pub fn claim_ref(self) -> Option<ObjectReference<'a>> {
        optional(self.0, "claimRef")
    }
    #[inline]
    pub fn persistent_volume_reclaim_policy(self) -> &'a str {
        bare(self.0, "persistentVolumeReclaimPolicy")
    }
    #[inline]
    pub fn storage_class_name(self) -> &'a str {
        bare(self.0, "storageClassName")
    }
    #[inline]
    pub fn mount_options(self) -> ViewList<'a, &'a str> {
        bare(self.0, "mountOptions")
    }
    #[inline]
    pub fn volume_mode(self) -> Option<&'a str> {
        optional(self.0, "volumeMode")
    }
    #[inline]
    pub fn node_affinity(self) -> Option<VolumeNodeAffinity<'a>> {
        optional(self.0, "nodeAffinity")
    }
    #[inline]
    pub fn volume_attributes_class_name(self) -> Option<&'a str> {
        optional(self.0, "volumeAttributesClassName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeNodeAffinity<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeNodeAffinity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeNodeAffinity(map_of(value))
    }
}

impl<'a> VolumeNodeAffinity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeNodeAffinity(map_of(value))
    }
    #[inline]
    pub fn required(self) -> Option<NodeSelector<'a>> {
        optional(self.0, "required")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeStatus(map_of(value))
    }
}

impl<'a> PersistentVolumeStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeStatus(map_of(value))
    }
    #[inline]
    pub fn phase(self) -> &'a str {
        bare(self.0, "phase")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn last_phase_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastPhaseTransitionTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeList<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeList(map_of(value))
    }
}

impl<'a> PersistentVolumeList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, PersistentVolume<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaim(map_of(value))
    }
}

impl<'a> PersistentVolumeClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaim(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> PersistentVolumeClaimSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PersistentVolumeClaimStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaimList<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaimList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaimList(map_of(value))
    }
}

impl<'a> PersistentVolumeClaimList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaimList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, PersistentVolumeClaim<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaimSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaimSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaimSpec(map_of(value))
    }
}

impl<'a> PersistentVolumeClaimSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaimSpec(map_of(value))
    }
    #[inline]
    pub fn access_modes(self) -> ViewList<'a, &'a str> {
        bare(self.0, "accessModes")
    }
    #[inline]
    pub fn selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "selector")
    }
    #[inline]
    pub fn resources(self) -> VolumeResourceRequirements<'a> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn volume_name(self) -> &'a str {
        bare(self.0, "volumeName")
    }
    #[inline]
    pub fn storage_class_name(self) -> Option<&'a str> {
        optional(self.0, "storageClassName")
    }
    #[inline]
    pub fn volume_mode(self) -> Option<&'a str> {
        optional(self.0, "volumeMode")
    }
    #[inline]
    pub fn data_source(self) -> Option<TypedLocalObjectReference<'a>> {
        optional(self.0, "dataSource")
    }
    #[inline]
    pub fn data_source_ref(self) -> Option<TypedObjectReference<'a>> {
        optional(self.0, "dataSourceRef")
    }
    #[inline]
    pub fn volume_attributes_class_name(self) -> Option<&'a str> {
        optional(self.0, "volumeAttributesClassName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TypedObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for TypedObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TypedObjectReference(map_of(value))
    }
}

impl<'a> TypedObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TypedObjectReference(map_of(value))
    }
    #[inline]
    pub fn api_group(self) -> Option<&'a str> {
        optional(self.0, "apiGroup")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn namespace(self) -> Option<&'a str> {
        optional(self.0, "namespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ModifyVolumeStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ModifyVolumeStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ModifyVolumeStatus(map_of(value))
    }
}

impl<'a> ModifyVolumeStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ModifyVolumeStatus(map_of(value))
    }
    #[inline]
    pub fn target_volume_attributes_class_name(self) -> &'a str {
        bare(self.0, "targetVolumeAttributesClassName")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaimCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaimCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaimCondition(map_of(value))
    }
}

impl<'a> PersistentVolumeClaimCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaimCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn last_probe_time(self) -> Option<&'a str> {
        optional(self.0, "lastProbeTime")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeHealthCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeHealthCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeHealthCondition(map_of(value))
    }
}

impl<'a> VolumeHealthCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeHealthCondition(map_of(value))
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeHealthStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeHealthStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeHealthStatus(map_of(value))
    }
}

impl<'a> VolumeHealthStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeHealthStatus(map_of(value))
    }
    #[inline]
    pub fn health_conditions(self) -> ViewList<'a, VolumeHealthCondition<'a>> {
        bare(self.0, "healthConditions")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodVolumeHealth<'a>(pub &'a Map);

impl<'a> Item<'a> for PodVolumeHealth<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodVolumeHealth(map_of(value))
    }
}

impl<'a> PodVolumeHealth<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodVolumeHealth(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn health_conditions(self) -> ViewList<'a, VolumeHealthCondition<'a>> {
        bare(self.0, "healthConditions")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaimStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaimStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaimStatus(map_of(value))
    }
}

impl<'a> PersistentVolumeClaimStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaimStatus(map_of(value))
    }
    #[inline]
    pub fn phase(self) -> &'a str {
        bare(self.0, "phase")
    }
    #[inline]
    pub fn access_modes(self) -> ViewList<'a, &'a str> {
        bare(self.0, "accessModes")
    }
    #[inline]
    pub fn capacity(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "capacity")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, PersistentVolumeClaimCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn allocated_resources(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "allocatedResources")
    }
    #[inline]
    pub fn allocated_resource_statuses(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "allocatedResourceStatuses")
    }
    #[inline]
    pub fn current_volume_attributes_class_name(self) -> Option<&'a str> {
        optional(self.0, "currentVolumeAttributesClassName")
    }
    #[inline]
    pub fn modify_volume_status(self) -> Option<ModifyVolumeStatus<'a>> {
        optional(self.0, "modifyVolumeStatus")
    }
    #[inline]
    pub fn health_status(self) -> Option<VolumeHealthStatus<'a>> {
        optional(self.0, "healthStatus")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HostPathVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for HostPathVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HostPathVolumeSource(map_of(value))
    }
}

impl<'a> HostPathVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HostPathVolumeSource(map_of(value))
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn type_(self) -> Option<&'a str> {
        optional(self.0, "type")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EmptyDirVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for EmptyDirVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EmptyDirVolumeSource(map_of(value))
    }
}

impl<'a> EmptyDirVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EmptyDirVolumeSource(map_of(value))
    }
    #[inline]
    pub fn medium(self) -> &'a str {
        bare(self.0, "medium")
    }
    #[inline]
    pub fn size_limit(self) -> Option<&'a str> {
        optional(self.0, "sizeLimit")
    }
    #[inline]
    pub fn mode(self) -> Option<i64> {
        optional(self.0, "mode")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GlusterfsVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for GlusterfsVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GlusterfsVolumeSource(map_of(value))
    }
}

impl<'a> GlusterfsVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GlusterfsVolumeSource(map_of(value))
    }
    #[inline]
    pub fn endpoints(self) -> &'a str {
        bare(self.0, "endpoints")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GlusterfsPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for GlusterfsPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GlusterfsPersistentVolumeSource(map_of(value))
    }
}

impl<'a> GlusterfsPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GlusterfsPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn endpoints(self) -> &'a str {
        bare(self.0, "endpoints")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn endpoints_namespace(self) -> Option<&'a str> {
        optional(self.0, "endpointsNamespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RBDVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for RBDVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RBDVolumeSource(map_of(value))
    }
}

impl<'a> RBDVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RBDVolumeSource(map_of(value))
    }
    #[inline]
    pub fn monitors(self) -> ViewList<'a, &'a str> {
        bare(self.0, "monitors")
    }
    #[inline]
    pub fn image(self) -> &'a str {
        bare(self.0, "image")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn pool(self) -> &'a str {
        bare(self.0, "pool")
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn keyring(self) -> &'a str {
        bare(self.0, "keyring")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RBDPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for RBDPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RBDPersistentVolumeSource(map_of(value))
    }
}

impl<'a> RBDPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RBDPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn monitors(self) -> ViewList<'a, &'a str> {
        bare(self.0, "monitors")
    }
    #[inline]
    pub fn image(self) -> &'a str {
        bare(self.0, "image")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn pool(self) -> &'a str {
        bare(self.0, "pool")
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn keyring(self) -> &'a str {
        bare(self.0, "keyring")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CinderVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for CinderVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CinderVolumeSource(map_of(value))
    }
}

impl<'a> CinderVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CinderVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_id(self) -> &'a str {
        bare(self.0, "volumeID")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CinderPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for CinderPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CinderPersistentVolumeSource(map_of(value))
    }
}

impl<'a> CinderPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CinderPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_id(self) -> &'a str {
        bare(self.0, "volumeID")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "secretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CephFSVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for CephFSVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CephFSVolumeSource(map_of(value))
    }
}

impl<'a> CephFSVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CephFSVolumeSource(map_of(value))
    }
    #[inline]
    pub fn monitors(self) -> ViewList<'a, &'a str> {
        bare(self.0, "monitors")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn secret_file(self) -> &'a str {
        bare(self.0, "secretFile")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecretReference<'a>(pub &'a Map);

impl<'a> Item<'a> for SecretReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecretReference(map_of(value))
    }
}

impl<'a> SecretReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecretReference(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CephFSPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for CephFSPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CephFSPersistentVolumeSource(map_of(value))
    }
}

impl<'a> CephFSPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CephFSPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn monitors(self) -> ViewList<'a, &'a str> {
        bare(self.0, "monitors")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn secret_file(self) -> &'a str {
        bare(self.0, "secretFile")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlockerVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for FlockerVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlockerVolumeSource(map_of(value))
    }
}

impl<'a> FlockerVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlockerVolumeSource(map_of(value))
    }
    #[inline]
    pub fn dataset_name(self) -> &'a str {
        bare(self.0, "datasetName")
    }
    #[inline]
    pub fn dataset_uuid(self) -> &'a str {
        bare(self.0, "datasetUUID")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GCEPersistentDiskVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for GCEPersistentDiskVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GCEPersistentDiskVolumeSource(map_of(value))
    }
}

impl<'a> GCEPersistentDiskVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GCEPersistentDiskVolumeSource(map_of(value))
    }
    #[inline]
    pub fn pd_name(self) -> &'a str {
        bare(self.0, "pdName")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn partition(self) -> i64 {
        bare(self.0, "partition")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct QuobyteVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for QuobyteVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        QuobyteVolumeSource(map_of(value))
    }
}

impl<'a> QuobyteVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        QuobyteVolumeSource(map_of(value))
    }
    #[inline]
    pub fn registry(self) -> &'a str {
        bare(self.0, "registry")
    }
    #[inline]
    pub fn volume(self) -> &'a str {
        bare(self.0, "volume")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn group(self) -> &'a str {
        bare(self.0, "group")
    }
    #[inline]
    pub fn tenant(self) -> &'a str {
        bare(self.0, "tenant")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlexPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for FlexPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlexPersistentVolumeSource(map_of(value))
    }
}

impl<'a> FlexPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlexPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn options(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "options")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FlexVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for FlexVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FlexVolumeSource(map_of(value))
    }
}

impl<'a> FlexVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FlexVolumeSource(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn options(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "options")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AWSElasticBlockStoreVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for AWSElasticBlockStoreVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AWSElasticBlockStoreVolumeSource(map_of(value))
    }
}

impl<'a> AWSElasticBlockStoreVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AWSElasticBlockStoreVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_id(self) -> &'a str {
        bare(self.0, "volumeID")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn partition(self) -> i64 {
        bare(self.0, "partition")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GitRepoVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for GitRepoVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GitRepoVolumeSource(map_of(value))
    }
}

impl<'a> GitRepoVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GitRepoVolumeSource(map_of(value))
    }
    #[inline]
    pub fn repository(self) -> &'a str {
        bare(self.0, "repository")
    }
    #[inline]
    pub fn revision(self) -> &'a str {
        bare(self.0, "revision")
    }
    #[inline]
    pub fn directory(self) -> &'a str {
        bare(self.0, "directory")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecretVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for SecretVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecretVolumeSource(map_of(value))
    }
}

impl<'a> SecretVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecretVolumeSource(map_of(value))
    }
    #[inline]
    pub fn secret_name(self) -> &'a str {
        bare(self.0, "secretName")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, KeyToPath<'a>> {
        bare(self.0, "items")
    }
    #[inline]
    pub fn default_mode(self) -> Option<i64> {
        optional(self.0, "defaultMode")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
    #[inline]
    pub fn default_user(self) -> Option<i64> {
        optional(self.0, "defaultUser")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecretProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for SecretProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecretProjection(map_of(value))
    }
}

impl<'a> SecretProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecretProjection(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, KeyToPath<'a>> {
        bare(self.0, "items")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NFSVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for NFSVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NFSVolumeSource(map_of(value))
    }
}

impl<'a> NFSVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NFSVolumeSource(map_of(value))
    }
    #[inline]
    pub fn server(self) -> &'a str {
        bare(self.0, "server")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ISCSIVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ISCSIVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ISCSIVolumeSource(map_of(value))
    }
}

impl<'a> ISCSIVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ISCSIVolumeSource(map_of(value))
    }
    #[inline]
    pub fn target_portal(self) -> &'a str {
        bare(self.0, "targetPortal")
    }
    #[inline]
    pub fn iqn(self) -> &'a str {
        bare(self.0, "iqn")
    }
    #[inline]
    pub fn lun(self) -> i64 {
        bare(self.0, "lun")
    }
    #[inline]
    pub fn iscsi_interface(self) -> &'a str {
        bare(self.0, "iscsiInterface")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn portals(self) -> ViewList<'a, &'a str> {
        bare(self.0, "portals")
    }
    #[inline]
    pub fn chap_auth_discovery(self) -> bool {
        bare(self.0, "chapAuthDiscovery")
    }
    #[inline]
    pub fn chap_auth_session(self) -> bool {
        bare(self.0, "chapAuthSession")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn initiator_name(self) -> Option<&'a str> {
        optional(self.0, "initiatorName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ISCSIPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ISCSIPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ISCSIPersistentVolumeSource(map_of(value))
    }
}

impl<'a> ISCSIPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ISCSIPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn target_portal(self) -> &'a str {
        bare(self.0, "targetPortal")
    }
    #[inline]
    pub fn iqn(self) -> &'a str {
        bare(self.0, "iqn")
    }
    #[inline]
    pub fn lun(self) -> i64 {
        bare(self.0, "lun")
    }
    #[inline]
    pub fn iscsi_interface(self) -> &'a str {
        bare(self.0, "iscsiInterface")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn portals(self) -> ViewList<'a, &'a str> {
        bare(self.0, "portals")
    }
    #[inline]
    pub fn chap_auth_discovery(self) -> bool {
        bare(self.0, "chapAuthDiscovery")
    }
    #[inline]
    pub fn chap_auth_session(self) -> bool {
        bare(self.0, "chapAuthSession")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn initiator_name(self) -> Option<&'a str> {
        optional(self.0, "initiatorName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FCVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for FCVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FCVolumeSource(map_of(value))
    }
}

impl<'a> FCVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FCVolumeSource(map_of(value))
    }
    #[inline]
    pub fn target_wwns(self) -> ViewList<'a, &'a str> {
        bare(self.0, "targetWWNs")
    }
    #[inline]
    pub fn lun(self) -> Option<i64> {
        optional(self.0, "lun")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn wwids(self) -> ViewList<'a, &'a str> {
        bare(self.0, "wwids")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AzureFileVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for AzureFileVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AzureFileVolumeSource(map_of(value))
    }
}

impl<'a> AzureFileVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AzureFileVolumeSource(map_of(value))
    }
    #[inline]
    pub fn secret_name(self) -> &'a str {
        bare(self.0, "secretName")
    }
    #[inline]
    pub fn share_name(self) -> &'a str {
        bare(self.0, "shareName")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AzureFilePersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for AzureFilePersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AzureFilePersistentVolumeSource(map_of(value))
    }
}

impl<'a> AzureFilePersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AzureFilePersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn secret_name(self) -> &'a str {
        bare(self.0, "secretName")
    }
    #[inline]
    pub fn share_name(self) -> &'a str {
        bare(self.0, "shareName")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn secret_namespace(self) -> Option<&'a str> {
        optional(self.0, "secretNamespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VsphereVirtualDiskVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for VsphereVirtualDiskVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VsphereVirtualDiskVolumeSource(map_of(value))
    }
}

impl<'a> VsphereVirtualDiskVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VsphereVirtualDiskVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_path(self) -> &'a str {
        bare(self.0, "volumePath")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn storage_policy_name(self) -> &'a str {
        bare(self.0, "storagePolicyName")
    }
    #[inline]
    pub fn storage_policy_id(self) -> &'a str {
        bare(self.0, "storagePolicyID")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PhotonPersistentDiskVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for PhotonPersistentDiskVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PhotonPersistentDiskVolumeSource(map_of(value))
    }
}

impl<'a> PhotonPersistentDiskVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PhotonPersistentDiskVolumeSource(map_of(value))
    }
    #[inline]
    pub fn pd_id(self) -> &'a str {
        bare(self.0, "pdID")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AzureDiskVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for AzureDiskVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AzureDiskVolumeSource(map_of(value))
    }
}

impl<'a> AzureDiskVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AzureDiskVolumeSource(map_of(value))
    }
    #[inline]
    pub fn disk_name(self) -> &'a str {
        bare(self.0, "diskName")
    }
    #[inline]
    pub fn disk_uri(self) -> &'a str {
        bare(self.0, "diskURI")
    }
    #[inline]
    pub fn caching_mode(self) -> Option<&'a str> {
        optional(self.0, "cachingMode")
    }
    #[inline]
    pub fn fs_type(self) -> Option<&'a str> {
        optional(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> Option<bool> {
        optional(self.0, "readOnly")
    }
    #[inline]
    pub fn kind(self) -> Option<&'a str> {
        optional(self.0, "kind")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PortworxVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for PortworxVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PortworxVolumeSource(map_of(value))
    }
}

impl<'a> PortworxVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PortworxVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_id(self) -> &'a str {
        bare(self.0, "volumeID")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ScaleIOVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ScaleIOVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ScaleIOVolumeSource(map_of(value))
    }
}

impl<'a> ScaleIOVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ScaleIOVolumeSource(map_of(value))
    }
    #[inline]
    pub fn gateway(self) -> &'a str {
        bare(self.0, "gateway")
    }
    #[inline]
    pub fn system(self) -> &'a str {
        bare(self.0, "system")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn ssl_enabled(self) -> bool {
        bare(self.0, "sslEnabled")
    }
    #[inline]
    pub fn protection_domain(self) -> &'a str {
        bare(self.0, "protectionDomain")
    }
    #[inline]
    pub fn storage_pool(self) -> &'a str {
        bare(self.0, "storagePool")
    }
    #[inline]
    pub fn storage_mode(self) -> &'a str {
        bare(self.0, "storageMode")
    }
    #[inline]
    pub fn volume_name(self) -> &'a str {
        bare(self.0, "volumeName")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ScaleIOPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ScaleIOPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ScaleIOPersistentVolumeSource(map_of(value))
    }
}

impl<'a> ScaleIOPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ScaleIOPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn gateway(self) -> &'a str {
        bare(self.0, "gateway")
    }
    #[inline]
    pub fn system(self) -> &'a str {
        bare(self.0, "system")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "secretRef")
    }
    #[inline]
    pub fn ssl_enabled(self) -> bool {
        bare(self.0, "sslEnabled")
    }
    #[inline]
    pub fn protection_domain(self) -> &'a str {
        bare(self.0, "protectionDomain")
    }
    #[inline]
    pub fn storage_pool(self) -> &'a str {
        bare(self.0, "storagePool")
    }
    #[inline]
    pub fn storage_mode(self) -> &'a str {
        bare(self.0, "storageMode")
    }
    #[inline]
    pub fn volume_name(self) -> &'a str {
        bare(self.0, "volumeName")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageOSVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageOSVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageOSVolumeSource(map_of(value))
    }
}

impl<'a> StorageOSVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageOSVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_name(self) -> &'a str {
        bare(self.0, "volumeName")
    }
    #[inline]
    pub fn volume_namespace(self) -> &'a str {
        bare(self.0, "volumeNamespace")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct StorageOSPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for StorageOSPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        StorageOSPersistentVolumeSource(map_of(value))
    }
}

impl<'a> StorageOSPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        StorageOSPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_name(self) -> &'a str {
        bare(self.0, "volumeName")
    }
    #[inline]
    pub fn volume_namespace(self) -> &'a str {
        bare(self.0, "volumeNamespace")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<ObjectReference<'a>> {
        optional(self.0, "secretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMapVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMapVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMapVolumeSource(map_of(value))
    }
}

impl<'a> ConfigMapVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMapVolumeSource(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, KeyToPath<'a>> {
        bare(self.0, "items")
    }
    #[inline]
    pub fn default_mode(self) -> Option<i64> {
        optional(self.0, "defaultMode")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
    #[inline]
    pub fn default_user(self) -> Option<i64> {
        optional(self.0, "defaultUser")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMapProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMapProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMapProjection(map_of(value))
    }
}

impl<'a> ConfigMapProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMapProjection(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, KeyToPath<'a>> {
        bare(self.0, "items")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceAccountTokenProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceAccountTokenProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceAccountTokenProjection(map_of(value))
    }
}

impl<'a> ServiceAccountTokenProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceAccountTokenProjection(map_of(value))
    }
    #[inline]
    pub fn audience(self) -> &'a str {
        bare(self.0, "audience")
    }
    #[inline]
    pub fn expiration_seconds(self) -> Option<i64> {
        optional(self.0, "expirationSeconds")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn user(self) -> Option<i64> {
        optional(self.0, "user")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClusterTrustBundleProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for ClusterTrustBundleProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClusterTrustBundleProjection(map_of(value))
    }
}

impl<'a> ClusterTrustBundleProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClusterTrustBundleProjection(map_of(value))
    }
    #[inline]
    pub fn name(self) -> Option<&'a str> {
        optional(self.0, "name")
    }
    #[inline]
    pub fn signer_name(self) -> Option<&'a str> {
        optional(self.0, "signerName")
    }
    #[inline]
    pub fn label_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "labelSelector")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn user(self) -> Option<i64> {
        optional(self.0, "user")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodCertificateProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for PodCertificateProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodCertificateProjection(map_of(value))
    }
}

impl<'a> PodCertificateProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodCertificateProjection(map_of(value))
    }
    #[inline]
    pub fn signer_name(self) -> &'a str {
        bare(self.0, "signerName")
    }
    #[inline]
    pub fn key_type(self) -> &'a str {
        bare(self.0, "keyType")
    }
    #[inline]
    pub fn max_expiration_seconds(self) -> Option<i64> {
        optional(self.0, "maxExpirationSeconds")
    }
    #[inline]
    pub fn credential_bundle_path(self) -> &'a str {
        bare(self.0, "credentialBundlePath")
    }
    #[inline]
    pub fn key_path(self) -> &'a str {
        bare(self.0, "keyPath")
    }
    #[inline]
    pub fn certificate_chain_path(self) -> &'a str {
        bare(self.0, "certificateChainPath")
    }
    #[inline]
    pub fn user_annotations(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "userAnnotations")
    }
    #[inline]
    pub fn user(self) -> Option<i64> {
        optional(self.0, "user")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ProjectedVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ProjectedVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ProjectedVolumeSource(map_of(value))
    }
}

impl<'a> ProjectedVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ProjectedVolumeSource(map_of(value))
    }
    #[inline]
    pub fn sources(self) -> ViewList<'a, VolumeProjection<'a>> {
        bare(self.0, "sources")
    }
    #[inline]
    pub fn default_mode(self) -> Option<i64> {
        optional(self.0, "defaultMode")
    }
    #[inline]
    pub fn default_user(self) -> Option<i64> {
        optional(self.0, "defaultUser")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeProjection(map_of(value))
    }
}

impl<'a> VolumeProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeProjection(map_of(value))
    }
    #[inline]
    pub fn secret(self) -> Option<SecretProjection<'a>> {
        optional(self.0, "secret")
    }
    #[inline]
    pub fn downward_api(self) -> Option<DownwardAPIProjection<'a>> {
        optional(self.0, "downwardAPI")
    }
    #[inline]
    pub fn config_map(self) -> Option<ConfigMapProjection<'a>> {
        optional(self.0, "configMap")
    }
    #[inline]
    pub fn service_account_token(self) -> Option<ServiceAccountTokenProjection<'a>> {
        optional(self.0, "serviceAccountToken")
    }
    #[inline]
    pub fn cluster_trust_bundle(self) -> Option<ClusterTrustBundleProjection<'a>> {
        optional(self.0, "clusterTrustBundle")
    }
    #[inline]
    pub fn pod_certificate(self) -> Option<PodCertificateProjection<'a>> {
        optional(self.0, "podCertificate")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct KeyToPath<'a>(pub &'a Map);

impl<'a> Item<'a> for KeyToPath<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        KeyToPath(map_of(value))
    }
}

impl<'a> KeyToPath<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        KeyToPath(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn mode(self) -> Option<i64> {
        optional(self.0, "mode")
    }
    #[inline]
    pub fn user(self) -> Option<i64> {
        optional(self.0, "user")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LocalVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for LocalVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LocalVolumeSource(map_of(value))
    }
}

impl<'a> LocalVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LocalVolumeSource(map_of(value))
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn fs_type(self) -> Option<&'a str> {
        optional(self.0, "fsType")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIPersistentVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIPersistentVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIPersistentVolumeSource(map_of(value))
    }
}

impl<'a> CSIPersistentVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIPersistentVolumeSource(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn volume_handle(self) -> &'a str {
        bare(self.0, "volumeHandle")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn fs_type(self) -> &'a str {
        bare(self.0, "fsType")
    }
    #[inline]
    pub fn volume_attributes(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "volumeAttributes")
    }
    #[inline]
    pub fn controller_publish_secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "controllerPublishSecretRef")
    }
    #[inline]
    pub fn node_stage_secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "nodeStageSecretRef")
    }
    #[inline]
    pub fn node_publish_secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "nodePublishSecretRef")
    }
    #[inline]
    pub fn controller_expand_secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "controllerExpandSecretRef")
    }
    #[inline]
    pub fn node_expand_secret_ref(self) -> Option<SecretReference<'a>> {
        optional(self.0, "nodeExpandSecretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct CSIVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for CSIVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        CSIVolumeSource(map_of(value))
    }
}

impl<'a> CSIVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        CSIVolumeSource(map_of(value))
    }
    #[inline]
    pub fn driver(self) -> &'a str {
        bare(self.0, "driver")
    }
    #[inline]
    pub fn read_only(self) -> Option<bool> {
        optional(self.0, "readOnly")
    }
    #[inline]
    pub fn fs_type(self) -> Option<&'a str> {
        optional(self.0, "fsType")
    }
    #[inline]
    pub fn volume_attributes(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "volumeAttributes")
    }
    #[inline]
    pub fn node_publish_secret_ref(self) -> Option<LocalObjectReference<'a>> {
        optional(self.0, "nodePublishSecretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EphemeralVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for EphemeralVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EphemeralVolumeSource(map_of(value))
    }
}

impl<'a> EphemeralVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EphemeralVolumeSource(map_of(value))
    }
    #[inline]
    pub fn volume_claim_template(self) -> Option<PersistentVolumeClaimTemplate<'a>> {
        optional(self.0, "volumeClaimTemplate")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PersistentVolumeClaimTemplate<'a>(pub &'a Map);

impl<'a> Item<'a> for PersistentVolumeClaimTemplate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PersistentVolumeClaimTemplate(map_of(value))
    }
}

impl<'a> PersistentVolumeClaimTemplate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PersistentVolumeClaimTemplate(map_of(value))
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> PersistentVolumeClaimSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerPort<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerPort<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerPort(map_of(value))
    }
}

impl<'a> ContainerPort<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerPort(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn host_port(self) -> i64 {
        bare(self.0, "hostPort")
    }
    #[inline]
    pub fn container_port(self) -> i64 {
        bare(self.0, "containerPort")
    }
    #[inline]
    pub fn protocol(self) -> &'a str {
        bare(self.0, "protocol")
    }
    #[inline]
    pub fn host_ip(self) -> &'a str {
        bare(self.0, "hostIP")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeMount<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeMount<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeMount(map_of(value))
    }
}

impl<'a> VolumeMount<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeMount(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn recursive_read_only(self) -> Option<&'a str> {
        optional(self.0, "recursiveReadOnly")
    }
    #[inline]
    pub fn mount_path(self) -> &'a str {
        bare(self.0, "mountPath")
    }
    #[inline]
    pub fn sub_path(self) -> &'a str {
        bare(self.0, "subPath")
    }
    #[inline]
    pub fn mount_propagation(self) -> Option<&'a str> {
        optional(self.0, "mountPropagation")
    }
    #[inline]
    pub fn sub_path_expr(self) -> &'a str {
        bare(self.0, "subPathExpr")
    }
    #[inline]
    pub fn bind_mount_options(self) -> ViewList<'a, &'a str> {
        bare(self.0, "bindMountOptions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeDevice<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeDevice<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeDevice(map_of(value))
    }
}

impl<'a> VolumeDevice<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeDevice(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn device_path(self) -> &'a str {
        bare(self.0, "devicePath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EnvVar<'a>(pub &'a Map);

impl<'a> Item<'a> for EnvVar<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EnvVar(map_of(value))
    }
}

impl<'a> EnvVar<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EnvVar(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
    #[inline]
    pub fn value_from(self) -> Option<EnvVarSource<'a>> {
        optional(self.0, "valueFrom")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EnvVarSource<'a>(pub &'a Map);

impl<'a> Item<'a> for EnvVarSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EnvVarSource(map_of(value))
    }
}

impl<'a> EnvVarSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EnvVarSource(map_of(value))
    }
    #[inline]
    pub fn field_ref(self) -> Option<ObjectFieldSelector<'a>> {
        optional(self.0, "fieldRef")
    }
    #[inline]
    pub fn resource_field_ref(self) -> Option<ResourceFieldSelector<'a>> {
        optional(self.0, "resourceFieldRef")
    }
    #[inline]
    pub fn config_map_key_ref(self) -> Option<ConfigMapKeySelector<'a>> {
        optional(self.0, "configMapKeyRef")
    }
    #[inline]
    pub fn secret_key_ref(self) -> Option<SecretKeySelector<'a>> {
        optional(self.0, "secretKeyRef")
    }
    #[inline]
    pub fn file_key_ref(self) -> Option<FileKeySelector<'a>> {
        optional(self.0, "fileKeyRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct FileKeySelector<'a>(pub &'a Map);

impl<'a> Item<'a> for FileKeySelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        FileKeySelector(map_of(value))
    }
}

impl<'a> FileKeySelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        FileKeySelector(map_of(value))
    }
    #[inline]
    pub fn volume_name(self) -> &'a str {
        bare(self.0, "volumeName")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ObjectFieldSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for ObjectFieldSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ObjectFieldSelector(map_of(value))
    }
}

impl<'a> ObjectFieldSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ObjectFieldSelector(map_of(value))
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn field_path(self) -> &'a str {
        bare(self.0, "fieldPath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceFieldSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceFieldSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceFieldSelector(map_of(value))
    }
}

impl<'a> ResourceFieldSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceFieldSelector(map_of(value))
    }
    #[inline]
    pub fn container_name(self) -> &'a str {
        bare(self.0, "containerName")
    }
    #[inline]
    pub fn resource(self) -> &'a str {
        bare(self.0, "resource")
    }
    #[inline]
    pub fn divisor(self) -> &'a str {
        bare(self.0, "divisor")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMapKeySelector<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMapKeySelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMapKeySelector(map_of(value))
    }
}

impl<'a> ConfigMapKeySelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMapKeySelector(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecretKeySelector<'a>(pub &'a Map);

impl<'a> Item<'a> for SecretKeySelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecretKeySelector(map_of(value))
    }
}

impl<'a> SecretKeySelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecretKeySelector(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EnvFromSource<'a>(pub &'a Map);

impl<'a> Item<'a> for EnvFromSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EnvFromSource(map_of(value))
    }
}

impl<'a> EnvFromSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EnvFromSource(map_of(value))
    }
    #[inline]
    pub fn prefix(self) -> &'a str {
        bare(self.0, "prefix")
    }
    #[inline]
    pub fn config_map_ref(self) -> Option<ConfigMapEnvSource<'a>> {
        optional(self.0, "configMapRef")
    }
    #[inline]
    pub fn secret_ref(self) -> Option<SecretEnvSource<'a>> {
        optional(self.0, "secretRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMapEnvSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMapEnvSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMapEnvSource(map_of(value))
    }
}

impl<'a> ConfigMapEnvSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMapEnvSource(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecretEnvSource<'a>(pub &'a Map);

impl<'a> Item<'a> for SecretEnvSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecretEnvSource(map_of(value))
    }
}

impl<'a> SecretEnvSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecretEnvSource(map_of(value))
    }
    #[inline]
    pub fn local_object_reference(self) -> LocalObjectReference<'a> {
        LocalObjectReference(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn optional(self) -> Option<bool> {
        optional(self.0, "optional")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HTTPHeader<'a>(pub &'a Map);

impl<'a> Item<'a> for HTTPHeader<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HTTPHeader(map_of(value))
    }
}

impl<'a> HTTPHeader<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HTTPHeader(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HTTPGetAction<'a>(pub &'a Map);

impl<'a> Item<'a> for HTTPGetAction<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HTTPGetAction(map_of(value))
    }
}

impl<'a> HTTPGetAction<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HTTPGetAction(map_of(value))
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn port(self) -> IntOrString<'a> {
        bare(self.0, "port")
    }
    #[inline]
    pub fn host(self) -> &'a str {
        bare(self.0, "host")
    }
    #[inline]
    pub fn scheme(self) -> &'a str {
        bare(self.0, "scheme")
    }
    #[inline]
    pub fn http_headers(self) -> ViewList<'a, HTTPHeader<'a>> {
        bare(self.0, "httpHeaders")
    }
    #[inline]
    pub fn protocol(self) -> Option<&'a str> {
        optional(self.0, "protocol")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TCPSocketAction<'a>(pub &'a Map);

impl<'a> Item<'a> for TCPSocketAction<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TCPSocketAction(map_of(value))
    }
}

impl<'a> TCPSocketAction<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TCPSocketAction(map_of(value))
    }
    #[inline]
    pub fn port(self) -> IntOrString<'a> {
        bare(self.0, "port")
    }
    #[inline]
    pub fn host(self) -> &'a str {
        bare(self.0, "host")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct GRPCAction<'a>(pub &'a Map);

impl<'a> Item<'a> for GRPCAction<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        GRPCAction(map_of(value))
    }
}

impl<'a> GRPCAction<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        GRPCAction(map_of(value))
    }
    #[inline]
    pub fn port(self) -> i64 {
        bare(self.0, "port")
    }
    #[inline]
    pub fn service(self) -> Option<&'a str> {
        optional(self.0, "service")
    }
    #[inline]
    pub fn mode(self) -> Option<&'a str> {
        optional(self.0, "mode")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ExecAction<'a>(pub &'a Map);

impl<'a> Item<'a> for ExecAction<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ExecAction(map_of(value))
    }
}

impl<'a> ExecAction<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ExecAction(map_of(value))
    }
    #[inline]
    pub fn command(self) -> ViewList<'a, &'a str> {
        bare(self.0, "command")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SleepAction<'a>(pub &'a Map);

impl<'a> Item<'a> for SleepAction<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SleepAction(map_of(value))
    }
}

impl<'a> SleepAction<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SleepAction(map_of(value))
    }
    #[inline]
    pub fn seconds(self) -> i64 {
        bare(self.0, "seconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Probe<'a>(pub &'a Map);

impl<'a> Item<'a> for Probe<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Probe(map_of(value))
    }
}

impl<'a> Probe<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Probe(map_of(value))
    }
    #[inline]
    pub fn probe_handler(self) -> ProbeHandler<'a> {
        ProbeHandler(self.0)
    }
    #[inline]
    pub fn exec(self) -> Option<ExecAction<'a>> {
        optional(self.0, "exec")
    }
    #[inline]
    pub fn http_get(self) -> Option<HTTPGetAction<'a>> {
        optional(self.0, "httpGet")
    }
    #[inline]
    pub fn tcp_socket(self) -> Option<TCPSocketAction<'a>> {
        optional(self.0, "tcpSocket")
    }
    #[inline]
    pub fn grpc(self) -> Option<GRPCAction<'a>> {
        optional(self.0, "grpc")
    }
    #[inline]
    pub fn initial_delay_seconds(self) -> i64 {
        bare(self.0, "initialDelaySeconds")
    }
    #[inline]
    pub fn timeout_seconds(self) -> i64 {
        bare(self.0, "timeoutSeconds")
    }
    #[inline]
    pub fn period_seconds(self) -> i64 {
        bare(self.0, "periodSeconds")
    }
    #[inline]
    pub fn success_threshold(self) -> i64 {
        bare(self.0, "successThreshold")
    }
    #[inline]
    pub fn failure_threshold(self) -> i64 {
        bare(self.0, "failureThreshold")
    }
    #[inline]
    pub fn termination_grace_period_seconds(self) -> Option<i64> {
        optional(self.0, "terminationGracePeriodSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerResizePolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerResizePolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerResizePolicy(map_of(value))
    }
}

impl<'a> ContainerResizePolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerResizePolicy(map_of(value))
    }
    #[inline]
    pub fn resource_name(self) -> &'a str {
        bare(self.0, "resourceName")
    }
    #[inline]
    pub fn restart_policy(self) -> &'a str {
        bare(self.0, "restartPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Capabilities<'a>(pub &'a Map);

impl<'a> Item<'a> for Capabilities<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Capabilities(map_of(value))
    }
}

impl<'a> Capabilities<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Capabilities(map_of(value))
    }
    #[inline]
    pub fn add(self) -> ViewList<'a, &'a str> {
        bare(self.0, "add")
    }
    #[inline]
    pub fn drop(self) -> ViewList<'a, &'a str> {
        bare(self.0, "drop")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceRequirements<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceRequirements<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceRequirements(map_of(value))
    }
}

impl<'a> ResourceRequirements<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceRequirements(map_of(value))
    }
    #[inline]
    pub fn limits(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "limits")
    }
    #[inline]
    pub fn requests(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "requests")
    }
    #[inline]
    pub fn claims(self) -> ViewList<'a, ResourceClaim<'a>> {
        bare(self.0, "claims")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeResourceRequirements<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeResourceRequirements<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeResourceRequirements(map_of(value))
    }
}

impl<'a> VolumeResourceRequirements<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeResourceRequirements(map_of(value))
    }
    #[inline]
    pub fn limits(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "limits")
    }
    #[inline]
    pub fn requests(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "requests")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceClaim(map_of(value))
    }
}

impl<'a> ResourceClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceClaim(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn request(self) -> &'a str {
        bare(self.0, "request")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Container<'a>(pub &'a Map);

impl<'a> Item<'a> for Container<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Container(map_of(value))
    }
}

impl<'a> Container<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Container(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn image(self) -> &'a str {
        bare(self.0, "image")
    }
    #[inline]
    pub fn command(self) -> ViewList<'a, &'a str> {
        bare(self.0, "command")
    }
    #[inline]
    pub fn args(self) -> ViewList<'a, &'a str> {
        bare(self.0, "args")
    }
    #[inline]
    pub fn working_dir(self) -> &'a str {
        bare(self.0, "workingDir")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, ContainerPort<'a>> {
        bare(self.0, "ports")
    }
    #[inline]
    pub fn env_from(self) -> ViewList<'a, EnvFromSource<'a>> {
        bare(self.0, "envFrom")
    }
    #[inline]
    pub fn env(self) -> ViewList<'a, EnvVar<'a>> {
        bare(self.0, "env")
    }
    #[inline]
    pub fn resources(self) -> ResourceRequirements<'a> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn resize_policy(self) -> ViewList<'a, ContainerResizePolicy<'a>> {
        bare(self.0, "resizePolicy")
    }
    #[inline]
    pub fn restart_policy(self) -> Option<&'a str> {
        optional(self.0, "restartPolicy")
    }
    #[inline]
    pub fn restart_policy_rules(self) -> ViewList<'a, ContainerRestartRule<'a>> {
        bare(self.0, "restartPolicyRules")
    }
    #[inline]
    pub fn volume_mounts(self) -> ViewList<'a, VolumeMount<'a>> {
        bare(self.0, "volumeMounts")
    }
    #[inline]
    pub fn volume_devices(self) -> ViewList<'a, VolumeDevice<'a>> {
        bare(self.0, "volumeDevices")
    }
    #[inline]
    pub fn liveness_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "livenessProbe")
    }
    #[inline]
    pub fn readiness_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "readinessProbe")
    }
    #[inline]
    pub fn startup_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "startupProbe")
    }
    #[inline]
    pub fn lifecycle(self) -> Option<Lifecycle<'a>> {
        optional(self.0, "lifecycle")
    }
    #[inline]
    pub fn termination_message_path(self) -> &'a str {
        bare(self.0, "terminationMessagePath")
    }
    #[inline]
    pub fn termination_message_policy(self) -> &'a str {
        bare(self.0, "terminationMessagePolicy")
    }
    #[inline]
    pub fn image_pull_policy(self) -> &'a str {
        bare(self.0, "imagePullPolicy")
    }
    #[inline]
    pub fn security_context(self) -> Option<SecurityContext<'a>> {
        optional(self.0, "securityContext")
    }
    #[inline]
    pub fn stdin(self) -> bool {
        bare(self.0, "stdin")
    }
    #[inline]
    pub fn stdin_once(self) -> bool {
        bare(self.0, "stdinOnce")
    }
    #[inline]
    pub fn tty(self) -> bool {
        bare(self.0, "tty")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ProbeHandler<'a>(pub &'a Map);

impl<'a> Item<'a> for ProbeHandler<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ProbeHandler(map_of(value))
    }
}

impl<'a> ProbeHandler<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ProbeHandler(map_of(value))
    }
    #[inline]
    pub fn exec(self) -> Option<ExecAction<'a>> {
        optional(self.0, "exec")
    }
    #[inline]
    pub fn http_get(self) -> Option<HTTPGetAction<'a>> {
        optional(self.0, "httpGet")
    }
    #[inline]
    pub fn tcp_socket(self) -> Option<TCPSocketAction<'a>> {
        optional(self.0, "tcpSocket")
    }
    #[inline]
    pub fn grpc(self) -> Option<GRPCAction<'a>> {
        optional(self.0, "grpc")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LifecycleHandler<'a>(pub &'a Map);

impl<'a> Item<'a> for LifecycleHandler<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LifecycleHandler(map_of(value))
    }
}

impl<'a> LifecycleHandler<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LifecycleHandler(map_of(value))
    }
    #[inline]
    pub fn exec(self) -> Option<ExecAction<'a>> {
        optional(self.0, "exec")
    }
    #[inline]
    pub fn http_get(self) -> Option<HTTPGetAction<'a>> {
        optional(self.0, "httpGet")
    }
    #[inline]
    pub fn tcp_socket(self) -> Option<TCPSocketAction<'a>> {
        optional(self.0, "tcpSocket")
    }
    #[inline]
    pub fn sleep(self) -> Option<SleepAction<'a>> {
        optional(self.0, "sleep")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Lifecycle<'a>(pub &'a Map);

impl<'a> Item<'a> for Lifecycle<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Lifecycle(map_of(value))
    }
}

impl<'a> Lifecycle<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Lifecycle(map_of(value))
    }
    #[inline]
    pub fn post_start(self) -> Option<LifecycleHandler<'a>> {
        optional(self.0, "postStart")
    }
    #[inline]
    pub fn pre_stop(self) -> Option<LifecycleHandler<'a>> {
        optional(self.0, "preStop")
    }
    #[inline]
    pub fn stop_signal(self) -> Option<&'a str> {
        optional(self.0, "stopSignal")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerStateWaiting<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerStateWaiting<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerStateWaiting(map_of(value))
    }
}

impl<'a> ContainerStateWaiting<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerStateWaiting(map_of(value))
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerStateRunning<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerStateRunning<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerStateRunning(map_of(value))
    }
}

impl<'a> ContainerStateRunning<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerStateRunning(map_of(value))
    }
    #[inline]
    pub fn started_at(self) -> Option<&'a str> {
        optional(self.0, "startedAt")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerStateTerminated<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerStateTerminated<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerStateTerminated(map_of(value))
    }
}

impl<'a> ContainerStateTerminated<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerStateTerminated(map_of(value))
    }
    #[inline]
    pub fn exit_code(self) -> i64 {
        bare(self.0, "exitCode")
    }
    #[inline]
    pub fn signal(self) -> i64 {
        bare(self.0, "signal")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn started_at(self) -> Option<&'a str> {
        optional(self.0, "startedAt")
    }
    #[inline]
    pub fn finished_at(self) -> Option<&'a str> {
        optional(self.0, "finishedAt")
    }
    #[inline]
    pub fn container_id(self) -> &'a str {
        bare(self.0, "containerID")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerState<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerState<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerState(map_of(value))
    }
}

impl<'a> ContainerState<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerState(map_of(value))
    }
    #[inline]
    pub fn waiting(self) -> Option<ContainerStateWaiting<'a>> {
        optional(self.0, "waiting")
    }
    #[inline]
    pub fn running(self) -> Option<ContainerStateRunning<'a>> {
        optional(self.0, "running")
    }
    #[inline]
    pub fn terminated(self) -> Option<ContainerStateTerminated<'a>> {
        optional(self.0, "terminated")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerStatus(map_of(value))
    }
}

impl<'a> ContainerStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn state(self) -> ContainerState<'a> {
        bare(self.0, "state")
    }
    #[inline]
    pub fn last_state(self) -> ContainerState<'a> {
        bare(self.0, "lastState")
    }
    #[inline]
    pub fn ready(self) -> bool {
        bare(self.0, "ready")
    }
    #[inline]
    pub fn restart_count(self) -> i64 {
        bare(self.0, "restartCount")
    }
    #[inline]
    pub fn image(self) -> &'a str {
        bare(self.0, "image")
    }
    #[inline]
    pub fn image_id(self) -> &'a str {
        bare(self.0, "imageID")
    }
    #[inline]
    pub fn container_id(self) -> &'a str {
        bare(self.0, "containerID")
    }
    #[inline]
    pub fn started(self) -> Option<bool> {
        optional(self.0, "started")
    }
    #[inline]
    pub fn allocated_resources(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "allocatedResources")
    }
    #[inline]
    pub fn resources(self) -> Option<ResourceRequirements<'a>> {
        optional(self.0, "resources")
    }
    #[inline]
    pub fn volume_mounts(self) -> ViewList<'a, VolumeMountStatus<'a>> {
        bare(self.0, "volumeMounts")
    }
    #[inline]
    pub fn user(self) -> Option<ContainerUser<'a>> {
        optional(self.0, "user")
    }
    #[inline]
    pub fn allocated_resources_status(self) -> ViewList<'a, ResourceStatus<'a>> {
        bare(self.0, "allocatedResourcesStatus")
    }
    #[inline]
    pub fn stop_signal(self) -> Option<&'a str> {
        optional(self.0, "stopSignal")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceStatus(map_of(value))
    }
}

impl<'a> ResourceStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn resources(self) -> ViewList<'a, ResourceHealth<'a>> {
        bare(self.0, "resources")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceHealth<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceHealth<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceHealth(map_of(value))
    }
}

impl<'a> ResourceHealth<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceHealth(map_of(value))
    }
    #[inline]
    pub fn resource_id(self) -> &'a str {
        bare(self.0, "resourceID")
    }
    #[inline]
    pub fn health(self) -> &'a str {
        bare(self.0, "health")
    }
    #[inline]
    pub fn message(self) -> Option<&'a str> {
        optional(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerUser<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerUser<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerUser(map_of(value))
    }
}

impl<'a> ContainerUser<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerUser(map_of(value))
    }
    #[inline]
    pub fn linux(self) -> Option<LinuxContainerUser<'a>> {
        optional(self.0, "linux")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LinuxContainerUser<'a>(pub &'a Map);

impl<'a> Item<'a> for LinuxContainerUser<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LinuxContainerUser(map_of(value))
    }
}

impl<'a> LinuxContainerUser<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LinuxContainerUser(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> i64 {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn gid(self) -> i64 {
        bare(self.0, "gid")
    }
    #[inline]
    pub fn supplemental_groups(self) -> ViewList<'a, i64> {
        bare(self.0, "supplementalGroups")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for PodCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodCondition(map_of(value))
    }
}

impl<'a> PodCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn last_probe_time(self) -> Option<&'a str> {
        optional(self.0, "lastProbeTime")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeMountStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeMountStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeMountStatus(map_of(value))
    }
}

impl<'a> VolumeMountStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeMountStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn mount_path(self) -> &'a str {
        bare(self.0, "mountPath")
    }
    #[inline]
    pub fn read_only(self) -> bool {
        bare(self.0, "readOnly")
    }
    #[inline]
    pub fn recursive_read_only(self) -> Option<&'a str> {
        optional(self.0, "recursiveReadOnly")
    }
    #[inline]
    pub fn volume_status(self) -> Option<VolumeStatus<'a>> {
        optional(self.0, "volumeStatus")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct VolumeStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for VolumeStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        VolumeStatus(map_of(value))
    }
}

impl<'a> VolumeStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        VolumeStatus(map_of(value))
    }
    #[inline]
    pub fn image(self) -> Option<ImageVolumeStatus<'a>> {
        optional(self.0, "image")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ImageVolumeStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ImageVolumeStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ImageVolumeStatus(map_of(value))
    }
}

impl<'a> ImageVolumeStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ImageVolumeStatus(map_of(value))
    }
    #[inline]
    pub fn image_ref(self) -> &'a str {
        bare(self.0, "imageRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerRestartRule<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerRestartRule<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerRestartRule(map_of(value))
    }
}

impl<'a> ContainerRestartRule<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerRestartRule(map_of(value))
    }
    #[inline]
    pub fn action(self) -> &'a str {
        bare(self.0, "action")
    }
    #[inline]
    pub fn exit_codes(self) -> Option<ContainerRestartRuleOnExitCodes<'a>> {
        optional(self.0, "exitCodes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerRestartRuleOnExitCodes<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerRestartRuleOnExitCodes<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerRestartRuleOnExitCodes(map_of(value))
    }
}

impl<'a> ContainerRestartRuleOnExitCodes<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerRestartRuleOnExitCodes(map_of(value))
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, i64> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeSelector(map_of(value))
    }
}

impl<'a> NodeSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeSelector(map_of(value))
    }
    #[inline]
    pub fn node_selector_terms(self) -> ViewList<'a, NodeSelectorTerm<'a>> {
        bare(self.0, "nodeSelectorTerms")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeSelectorTerm<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeSelectorTerm<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeSelectorTerm(map_of(value))
    }
}

impl<'a> NodeSelectorTerm<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeSelectorTerm(map_of(value))
    }
    #[inline]
    pub fn match_expressions(self) -> ViewList<'a, NodeSelectorRequirement<'a>> {
        bare(self.0, "matchExpressions")
    }
    #[inline]
    pub fn match_fields(self) -> ViewList<'a, NodeSelectorRequirement<'a>> {
        bare(self.0, "matchFields")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeSelectorRequirement<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeSelectorRequirement<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeSelectorRequirement(map_of(value))
    }
}

impl<'a> NodeSelectorRequirement<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeSelectorRequirement(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, &'a str> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TopologySelectorTerm<'a>(pub &'a Map);

impl<'a> Item<'a> for TopologySelectorTerm<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TopologySelectorTerm(map_of(value))
    }
}

impl<'a> TopologySelectorTerm<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TopologySelectorTerm(map_of(value))
    }
    #[inline]
    pub fn match_label_expressions(self) -> ViewList<'a, TopologySelectorLabelRequirement<'a>> {
        bare(self.0, "matchLabelExpressions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TopologySelectorLabelRequirement<'a>(pub &'a Map);

impl<'a> Item<'a> for TopologySelectorLabelRequirement<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TopologySelectorLabelRequirement(map_of(value))
    }
}

impl<'a> TopologySelectorLabelRequirement<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TopologySelectorLabelRequirement(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, &'a str> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Affinity<'a>(pub &'a Map);

impl<'a> Item<'a> for Affinity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Affinity(map_of(value))
    }
}

impl<'a> Affinity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Affinity(map_of(value))
    }
    #[inline]
    pub fn node_affinity(self) -> Option<NodeAffinity<'a>> {
        optional(self.0, "nodeAffinity")
    }
    #[inline]
    pub fn pod_affinity(self) -> Option<PodAffinity<'a>> {
        optional(self.0, "podAffinity")
    }
    #[inline]
    pub fn pod_anti_affinity(self) -> Option<PodAntiAffinity<'a>> {
        optional(self.0, "podAntiAffinity")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodAffinity<'a>(pub &'a Map);

impl<'a> Item<'a> for PodAffinity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodAffinity(map_of(value))
    }
}

impl<'a> PodAffinity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodAffinity(map_of(value))
    }
    #[inline]
    pub fn required_during_scheduling_ignored_during_execution(self) -> ViewList<'a, PodAffinityTerm<'a>> {
        bare(self.0, "requiredDuringSchedulingIgnoredDuringExecution")
    }
    #[inline]
    pub fn preferred_during_scheduling_ignored_during_execution(self) -> ViewList<'a, WeightedPodAffinityTerm<'a>> {
        bare(self.0, "preferredDuringSchedulingIgnoredDuringExecution")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodAntiAffinity<'a>(pub &'a Map);

impl<'a> Item<'a> for PodAntiAffinity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodAntiAffinity(map_of(value))
    }
}

impl<'a> PodAntiAffinity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodAntiAffinity(map_of(value))
    }
    #[inline]
    pub fn required_during_scheduling_ignored_during_execution(self) -> ViewList<'a, PodAffinityTerm<'a>> {
        bare(self.0, "requiredDuringSchedulingIgnoredDuringExecution")
    }
    #[inline]
    pub fn preferred_during_scheduling_ignored_during_execution(self) -> ViewList<'a, WeightedPodAffinityTerm<'a>> {
        bare(self.0, "preferredDuringSchedulingIgnoredDuringExecution")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WeightedPodAffinityTerm<'a>(pub &'a Map);

impl<'a> Item<'a> for WeightedPodAffinityTerm<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WeightedPodAffinityTerm(map_of(value))
    }
}

impl<'a> WeightedPodAffinityTerm<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WeightedPodAffinityTerm(map_of(value))
    }
    #[inline]
    pub fn weight(self) -> i64 {
        bare(self.0, "weight")
    }
    #[inline]
    pub fn pod_affinity_term(self) -> PodAffinityTerm<'a> {
        bare(self.0, "podAffinityTerm")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodAffinityTerm<'a>(pub &'a Map);

impl<'a> Item<'a> for PodAffinityTerm<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodAffinityTerm(map_of(value))
    }
}

impl<'a> PodAffinityTerm<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodAffinityTerm(map_of(value))
    }
    #[inline]
    pub fn label_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "labelSelector")
    }
    #[inline]
    pub fn namespaces(self) -> ViewList<'a, &'a str> {
        bare(self.0, "namespaces")
    }
    #[inline]
    pub fn topology_key(self) -> &'a str {
        bare(self.0, "topologyKey")
    }
    #[inline]
    pub fn namespace_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "namespaceSelector")
    }
    #[inline]
    pub fn match_label_keys(self) -> ViewList<'a, &'a str> {
        bare(self.0, "matchLabelKeys")
    }
    #[inline]
    pub fn mismatch_label_keys(self) -> ViewList<'a, &'a str> {
        bare(self.0, "mismatchLabelKeys")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAffinity<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAffinity<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAffinity(map_of(value))
    }
}

impl<'a> NodeAffinity<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAffinity(map_of(value))
    }
    #[inline]
    pub fn required_during_scheduling_ignored_during_execution(self) -> Option<NodeSelector<'a>> {
        optional(self.0, "requiredDuringSchedulingIgnoredDuringExecution")
    }
    #[inline]
    pub fn preferred_during_scheduling_ignored_during_execution(self) -> ViewList<'a, PreferredSchedulingTerm<'a>> {
        bare(self.0, "preferredDuringSchedulingIgnoredDuringExecution")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PreferredSchedulingTerm<'a>(pub &'a Map);

impl<'a> Item<'a> for PreferredSchedulingTerm<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PreferredSchedulingTerm(map_of(value))
    }
}

impl<'a> PreferredSchedulingTerm<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PreferredSchedulingTerm(map_of(value))
    }
    #[inline]
    pub fn weight(self) -> i64 {
        bare(self.0, "weight")
    }
    #[inline]
    pub fn preference(self) -> NodeSelectorTerm<'a> {
        bare(self.0, "preference")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Taint<'a>(pub &'a Map);

impl<'a> Item<'a> for Taint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Taint(map_of(value))
    }
}

impl<'a> Taint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Taint(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
    #[inline]
    pub fn effect(self) -> &'a str {
        bare(self.0, "effect")
    }
    #[inline]
    pub fn time_added(self) -> Option<&'a str> {
        optional(self.0, "timeAdded")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Toleration<'a>(pub &'a Map);

impl<'a> Item<'a> for Toleration<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Toleration(map_of(value))
    }
}

impl<'a> Toleration<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Toleration(map_of(value))
    }
    #[inline]
    pub fn key(self) -> &'a str {
        bare(self.0, "key")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
    #[inline]
    pub fn effect(self) -> &'a str {
        bare(self.0, "effect")
    }
    #[inline]
    pub fn toleration_seconds(self) -> Option<i64> {
        optional(self.0, "tolerationSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodReadinessGate<'a>(pub &'a Map);

impl<'a> Item<'a> for PodReadinessGate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodReadinessGate(map_of(value))
    }
}

impl<'a> PodReadinessGate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodReadinessGate(map_of(value))
    }
    #[inline]
    pub fn condition_type(self) -> &'a str {
        bare(self.0, "conditionType")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PodSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodSpec(map_of(value))
    }
}

impl<'a> PodSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodSpec(map_of(value))
    }
    #[inline]
    pub fn volumes(self) -> ViewList<'a, Volume<'a>> {
        bare(self.0, "volumes")
    }
    #[inline]
    pub fn init_containers(self) -> ViewList<'a, Container<'a>> {
        bare(self.0, "initContainers")
    }
    #[inline]
    pub fn containers(self) -> ViewList<'a, Container<'a>> {
        bare(self.0, "containers")
    }
    #[inline]
    pub fn ephemeral_containers(self) -> ViewList<'a, EphemeralContainer<'a>> {
        bare(self.0, "ephemeralContainers")
    }
    #[inline]
    pub fn restart_policy(self) -> &'a str {
        bare(self.0, "restartPolicy")
    }
    #[inline]
    pub fn termination_grace_period_seconds(self) -> Option<i64> {
        optional(self.0, "terminationGracePeriodSeconds")
    }
    #[inline]
    pub fn active_deadline_seconds(self) -> Option<i64> {
        optional(self.0, "activeDeadlineSeconds")
    }
    #[inline]
    pub fn dns_policy(self) -> &'a str {
        bare(self.0, "dnsPolicy")
    }
    #[inline]
    pub fn node_selector(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "nodeSelector")
    }
    #[inline]
    pub fn service_account_name(self) -> &'a str {
        bare(self.0, "serviceAccountName")
    }
    #[inline]
    pub fn service_account(self) -> &'a str {
        bare(self.0, "serviceAccount")
    }
    #[inline]
    pub fn automount_service_account_token(self) -> Option<bool> {
        optional(self.0, "automountServiceAccountToken")
    }
    #[inline]
    pub fn node_name(self) -> &'a str {
        bare(self.0, "nodeName")
    }
    #[inline]
    pub fn host_network(self) -> bool {
        bare(self.0, "hostNetwork")
    }
    #[inline]
    pub fn host_pid(self) -> bool {
        bare(self.0, "hostPID")
    }
    #[inline]
    pub fn host_ipc(self) -> bool {
        bare(self.0, "hostIPC")
    }
    #[inline]
    pub fn share_process_namespace(self) -> Option<bool> {
        optional(self.0, "shareProcessNamespace")
    }
    #[inline]
    pub fn security_context(self) -> Option<PodSecurityContext<'a>> {
        optional(self.0, "securityContext")
    }
    #[inline]
    pub fn image_pull_secrets(self) -> ViewList<'a, LocalObjectReference<'a>> {
        bare(self.0, "imagePullSecrets")
    }
    #[inline]
    pub fn hostname(self) -> &'a str {
        bare(self.0, "hostname")
    }
    #[inline]
    pub fn subdomain(self) -> &'a str {
        bare(self.0, "subdomain")
    }
    #[inline]
    pub fn affinity(self) -> Option<Affinity<'a>> {
        optional(self.0, "affinity")
    }
    #[inline]
    pub fn scheduler_name(self) -> &'a str {
        bare(self.0, "schedulerName")
    }
    #[inline]
    pub fn tolerations(self) -> ViewList<'a, Toleration<'a>> {
        bare(self.0, "tolerations")
    }
    #[inline]
    pub fn host_aliases(self) -> ViewList<'a, HostAlias<'a>> {
        bare(self.0, "hostAliases")
    }
    #[inline]
    pub fn priority_class_name(self) -> &'a str {
        bare(self.0, "priorityClassName")
    }
    #[inline]
    pub fn priority(self) -> Option<i64> {
        optional(self.0, "priority")
    }
    #[inline]
    pub fn dns_config(self) -> Option<PodDNSConfig<'a>> {
        optional(self.0, "dnsConfig")
    }
    #[inline]
    pub fn readiness_gates(self) -> ViewList<'a, PodReadinessGate<'a>> {
        bare(self.0, "readinessGates")
    }
    #[inline]
    pub fn runtime_class_name(self) -> Option<&'a str> {
        optional(self.0, "runtimeClassName")
    }
    #[inline]
    pub fn enable_service_links(self) -> Option<bool> {
        optional(self.0, "enableServiceLinks")
    }
    #[inline]
    pub fn preemption_policy(self) -> Option<&'a str> {
        optional(self.0, "preemptionPolicy")
    }
    #[inline]
    pub fn overhead(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "overhead")
    }
    #[inline]
    pub fn topology_spread_constraints(self) -> ViewList<'a, TopologySpreadConstraint<'a>> {
        bare(self.0, "topologySpreadConstraints")
    }
    #[inline]
    pub fn set_hostname_as_fqdn(self) -> Option<bool> {
        optional(self.0, "setHostnameAsFQDN")
    }
    #[inline]
    pub fn os(self) -> Option<PodOS<'a>> {
        optional(self.0, "os")
    }
    #[inline]
    pub fn host_users(self) -> Option<bool> {
        optional(self.0, "hostUsers")
    }
    #[inline]
    pub fn scheduling_gates(self) -> ViewList<'a, PodSchedulingGate<'a>> {
        bare(self.0, "schedulingGates")
    }
    #[inline]
    pub fn resource_claims(self) -> ViewList<'a, PodResourceClaim<'a>> {
        bare(self.0, "resourceClaims")
    }
    #[inline]
    pub fn resources(self) -> Option<ResourceRequirements<'a>> {
        optional(self.0, "resources")
    }
    #[inline]
    pub fn hostname_override(self) -> Option<&'a str> {
        optional(self.0, "hostnameOverride")
    }
    #[inline]
    pub fn scheduling_group(self) -> Option<PodSchedulingGroup<'a>> {
        optional(self.0, "schedulingGroup")
    }
    #[inline]
    pub fn eviction_responders(self) -> ViewList<'a, EvictionResponder<'a>> {
        bare(self.0, "evictionResponders")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodResourceClaim<'a>(pub &'a Map);

impl<'a> Item<'a> for PodResourceClaim<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodResourceClaim(map_of(value))
    }
}

impl<'a> PodResourceClaim<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodResourceClaim(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn resource_claim_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimName")
    }
    #[inline]
    pub fn resource_claim_template_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimTemplateName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodResourceClaimStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodResourceClaimStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodResourceClaimStatus(map_of(value))
    }
}

impl<'a> PodResourceClaimStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodResourceClaimStatus(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn resource_claim_name(self) -> Option<&'a str> {
        optional(self.0, "resourceClaimName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodExtendedResourceClaimStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodExtendedResourceClaimStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodExtendedResourceClaimStatus(map_of(value))
    }
}

impl<'a> PodExtendedResourceClaimStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodExtendedResourceClaimStatus(map_of(value))
    }
    #[inline]
    pub fn request_mappings(self) -> ViewList<'a, ContainerExtendedResourceRequest<'a>> {
        bare(self.0, "requestMappings")
    }
    #[inline]
    pub fn resource_claim_name(self) -> &'a str {
        bare(self.0, "resourceClaimName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerExtendedResourceRequest<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerExtendedResourceRequest<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerExtendedResourceRequest(map_of(value))
    }
}

impl<'a> ContainerExtendedResourceRequest<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerExtendedResourceRequest(map_of(value))
    }
    #[inline]
    pub fn container_name(self) -> &'a str {
        bare(self.0, "containerName")
    }
    #[inline]
    pub fn resource_name(self) -> &'a str {
        bare(self.0, "resourceName")
    }
    #[inline]
    pub fn request_name(self) -> &'a str {
        bare(self.0, "requestName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodOS<'a>(pub &'a Map);

impl<'a> Item<'a> for PodOS<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodOS(map_of(value))
    }
}

impl<'a> PodOS<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodOS(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodSchedulingGate<'a>(pub &'a Map);

impl<'a> Item<'a> for PodSchedulingGate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodSchedulingGate(map_of(value))
    }
}

impl<'a> PodSchedulingGate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodSchedulingGate(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodSchedulingGroup<'a>(pub &'a Map);

impl<'a> Item<'a> for PodSchedulingGroup<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodSchedulingGroup(map_of(value))
    }
}

impl<'a> PodSchedulingGroup<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodSchedulingGroup(map_of(value))
    }
    #[inline]
    pub fn pod_group_name(self) -> Option<&'a str> {
        optional(self.0, "podGroupName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TopologySpreadConstraint<'a>(pub &'a Map);

impl<'a> Item<'a> for TopologySpreadConstraint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TopologySpreadConstraint(map_of(value))
    }
}

impl<'a> TopologySpreadConstraint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TopologySpreadConstraint(map_of(value))
    }
    #[inline]
    pub fn max_skew(self) -> i64 {
        bare(self.0, "maxSkew")
    }
    #[inline]
    pub fn topology_key(self) -> &'a str {
        bare(self.0, "topologyKey")
    }
    #[inline]
    pub fn when_unsatisfiable(self) -> &'a str {
        bare(self.0, "whenUnsatisfiable")
    }
    #[inline]
    pub fn label_selector(self) -> Option<views::meta_v1::LabelSelector<'a>> {
        optional(self.0, "labelSelector")
    }
    #[inline]
    pub fn min_domains(self) -> Option<i64> {
        optional(self.0, "minDomains")
    }
    #[inline]
    pub fn node_affinity_policy(self) -> Option<&'a str> {
        optional(self.0, "nodeAffinityPolicy")
    }
    #[inline]
    pub fn node_taints_policy(self) -> Option<&'a str> {
        optional(self.0, "nodeTaintsPolicy")
    }
    #[inline]
    pub fn match_label_keys(self) -> ViewList<'a, &'a str> {
        bare(self.0, "matchLabelKeys")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HostAlias<'a>(pub &'a Map);

impl<'a> Item<'a> for HostAlias<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HostAlias(map_of(value))
    }
}

impl<'a> HostAlias<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HostAlias(map_of(value))
    }
    #[inline]
    pub fn ip(self) -> &'a str {
        bare(self.0, "ip")
    }
    #[inline]
    pub fn hostnames(self) -> ViewList<'a, &'a str> {
        bare(self.0, "hostnames")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodSecurityContext<'a>(pub &'a Map);

impl<'a> Item<'a> for PodSecurityContext<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodSecurityContext(map_of(value))
    }
}

impl<'a> PodSecurityContext<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodSecurityContext(map_of(value))
    }
    #[inline]
    pub fn se_linux_options(self) -> Option<SELinuxOptions<'a>> {
        optional(self.0, "seLinuxOptions")
    }
    #[inline]
    pub fn windows_options(self) -> Option<WindowsSecurityContextOptions<'a>> {
        optional(self.0, "windowsOptions")
    }
    #[inline]
    pub fn run_as_user(self) -> Option<i64> {
        optional(self.0, "runAsUser")
    }
    #[inline]
    pub fn run_as_group(self) -> Option<i64> {
        optional(self.0, "runAsGroup")
    }
    #[inline]
    pub fn run_as_non_root(self) -> Option<bool> {
        optional(self.0, "runAsNonRoot")
    }
    #[inline]
    pub fn supplemental_groups(self) -> ViewList<'a, i64> {
        bare(self.0, "supplementalGroups")
    }
    #[inline]
    pub fn supplemental_groups_policy(self) -> Option<&'a str> {
        optional(self.0, "supplementalGroupsPolicy")
    }
    #[inline]
    pub fn fs_group(self) -> Option<i64> {
        optional(self.0, "fsGroup")
    }
    #[inline]
    pub fn sysctls(self) -> ViewList<'a, Sysctl<'a>> {
        bare(self.0, "sysctls")
    }
    #[inline]
    pub fn fs_group_change_policy(self) -> Option<&'a str> {
        optional(self.0, "fsGroupChangePolicy")
    }
    #[inline]
    pub fn seccomp_profile(self) -> Option<SeccompProfile<'a>> {
        optional(self.0, "seccompProfile")
    }
    #[inline]
    pub fn app_armor_profile(self) -> Option<AppArmorProfile<'a>> {
        optional(self.0, "appArmorProfile")
    }
    #[inline]
    pub fn se_linux_change_policy(self) -> Option<&'a str> {
        optional(self.0, "seLinuxChangePolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SeccompProfile<'a>(pub &'a Map);

impl<'a> Item<'a> for SeccompProfile<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SeccompProfile(map_of(value))
    }
}

impl<'a> SeccompProfile<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SeccompProfile(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn localhost_profile(self) -> Option<&'a str> {
        optional(self.0, "localhostProfile")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AppArmorProfile<'a>(pub &'a Map);

impl<'a> Item<'a> for AppArmorProfile<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AppArmorProfile(map_of(value))
    }
}

impl<'a> AppArmorProfile<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AppArmorProfile(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn localhost_profile(self) -> Option<&'a str> {
        optional(self.0, "localhostProfile")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodDNSConfig<'a>(pub &'a Map);

impl<'a> Item<'a> for PodDNSConfig<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodDNSConfig(map_of(value))
    }
}

impl<'a> PodDNSConfig<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodDNSConfig(map_of(value))
    }
    #[inline]
    pub fn nameservers(self) -> ViewList<'a, &'a str> {
        bare(self.0, "nameservers")
    }
    #[inline]
    pub fn searches(self) -> ViewList<'a, &'a str> {
        bare(self.0, "searches")
    }
    #[inline]
    pub fn options(self) -> ViewList<'a, PodDNSConfigOption<'a>> {
        bare(self.0, "options")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodDNSConfigOption<'a>(pub &'a Map);

impl<'a> Item<'a> for PodDNSConfigOption<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodDNSConfigOption(map_of(value))
    }
}

impl<'a> PodDNSConfigOption<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodDNSConfigOption(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn value(self) -> Option<&'a str> {
        optional(self.0, "value")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodIP<'a>(pub &'a Map);

impl<'a> Item<'a> for PodIP<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodIP(map_of(value))
    }
}

impl<'a> PodIP<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodIP(map_of(value))
    }
    #[inline]
    pub fn ip(self) -> &'a str {
        bare(self.0, "ip")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HostIP<'a>(pub &'a Map);

impl<'a> Item<'a> for HostIP<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        HostIP(map_of(value))
    }
}

impl<'a> HostIP<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        HostIP(map_of(value))
    }
    #[inline]
    pub fn ip(self) -> &'a str {
        bare(self.0, "ip")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EphemeralContainerCommon<'a>(pub &'a Map);

impl<'a> Item<'a> for EphemeralContainerCommon<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EphemeralContainerCommon(map_of(value))
    }
}

impl<'a> EphemeralContainerCommon<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EphemeralContainerCommon(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn image(self) -> &'a str {
        bare(self.0, "image")
    }
    #[inline]
    pub fn command(self) -> ViewList<'a, &'a str> {
        bare(self.0, "command")
    }
    #[inline]
    pub fn args(self) -> ViewList<'a, &'a str> {
        bare(self.0, "args")
    }
    #[inline]
    pub fn working_dir(self) -> &'a str {
        bare(self.0, "workingDir")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, ContainerPort<'a>> {
        bare(self.0, "ports")
    }
    #[inline]
    pub fn env_from(self) -> ViewList<'a, EnvFromSource<'a>> {
        bare(self.0, "envFrom")
    }
    #[inline]
    pub fn env(self) -> ViewList<'a, EnvVar<'a>> {
        bare(self.0, "env")
    }
    #[inline]
    pub fn resources(self) -> ResourceRequirements<'a> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn resize_policy(self) -> ViewList<'a, ContainerResizePolicy<'a>> {
        bare(self.0, "resizePolicy")
    }
    #[inline]
    pub fn restart_policy(self) -> Option<&'a str> {
        optional(self.0, "restartPolicy")
    }
    #[inline]
    pub fn restart_policy_rules(self) -> ViewList<'a, ContainerRestartRule<'a>> {
        bare(self.0, "restartPolicyRules")
    }
    #[inline]
    pub fn volume_mounts(self) -> ViewList<'a, VolumeMount<'a>> {
        bare(self.0, "volumeMounts")
    }
    #[inline]
    pub fn volume_devices(self) -> ViewList<'a, VolumeDevice<'a>> {
        bare(self.0, "volumeDevices")
    }
    #[inline]
    pub fn liveness_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "livenessProbe")
    }
    #[inline]
    pub fn readiness_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "readinessProbe")
    }
    #[inline]
    pub fn startup_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "startupProbe")
    }
    #[inline]
    pub fn lifecycle(self) -> Option<Lifecycle<'a>> {
        optional(self.0, "lifecycle")
    }
    #[inline]
    pub fn termination_message_path(self) -> &'a str {
        bare(self.0, "terminationMessagePath")
    }
    #[inline]
    pub fn termination_message_policy(self) -> &'a str {
        bare(self.0, "terminationMessagePolicy")
    }
    #[inline]
    pub fn image_pull_policy(self) -> &'a str {
        bare(self.0, "imagePullPolicy")
    }
    #[inline]
    pub fn security_context(self) -> Option<SecurityContext<'a>> {
        optional(self.0, "securityContext")
    }
    #[inline]
    pub fn stdin(self) -> bool {
        bare(self.0, "stdin")
    }
    #[inline]
    pub fn stdin_once(self) -> bool {
        bare(self.0, "stdinOnce")
    }
    #[inline]
    pub fn tty(self) -> bool {
        bare(self.0, "tty")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EphemeralContainer<'a>(pub &'a Map);

impl<'a> Item<'a> for EphemeralContainer<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EphemeralContainer(map_of(value))
    }
}

impl<'a> EphemeralContainer<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EphemeralContainer(map_of(value))
    }
    #[inline]
    pub fn ephemeral_container_common(self) -> EphemeralContainerCommon<'a> {
        EphemeralContainerCommon(self.0)
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn image(self) -> &'a str {
        bare(self.0, "image")
    }
    #[inline]
    pub fn command(self) -> ViewList<'a, &'a str> {
        bare(self.0, "command")
    }
    #[inline]
    pub fn args(self) -> ViewList<'a, &'a str> {
        bare(self.0, "args")
    }
    #[inline]
    pub fn working_dir(self) -> &'a str {
        bare(self.0, "workingDir")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, ContainerPort<'a>> {
        bare(self.0, "ports")
    }
    #[inline]
    pub fn env_from(self) -> ViewList<'a, EnvFromSource<'a>> {
        bare(self.0, "envFrom")
    }
    #[inline]
    pub fn env(self) -> ViewList<'a, EnvVar<'a>> {
        bare(self.0, "env")
    }
    #[inline]
    pub fn resources(self) -> ResourceRequirements<'a> {
        bare(self.0, "resources")
    }
    #[inline]
    pub fn resize_policy(self) -> ViewList<'a, ContainerResizePolicy<'a>> {
        bare(self.0, "resizePolicy")
    }
    #[inline]
    pub fn restart_policy(self) -> Option<&'a str> {
        optional(self.0, "restartPolicy")
    }
    #[inline]
    pub fn restart_policy_rules(self) -> ViewList<'a, ContainerRestartRule<'a>> {
        bare(self.0, "restartPolicyRules")
    }
    #[inline]
    pub fn volume_mounts(self) -> ViewList<'a, VolumeMount<'a>> {
        bare(self.0, "volumeMounts")
    }
    #[inline]
    pub fn volume_devices(self) -> ViewList<'a, VolumeDevice<'a>> {
        bare(self.0, "volumeDevices")
    }
    #[inline]
    pub fn liveness_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "livenessProbe")
    }
    #[inline]
    pub fn readiness_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "readinessProbe")
    }
    #[inline]
    pub fn startup_probe(self) -> Option<Probe<'a>> {
        optional(self.0, "startupProbe")
    }
    #[inline]
    pub fn lifecycle(self) -> Option<Lifecycle<'a>> {
        optional(self.0, "lifecycle")
    }
    #[inline]
    pub fn termination_message_path(self) -> &'a str {
        bare(self.0, "terminationMessagePath")
    }
    #[inline]
    pub fn termination_message_policy(self) -> &'a str {
        bare(self.0, "terminationMessagePolicy")
    }
    #[inline]
    pub fn image_pull_policy(self) -> &'a str {
        bare(self.0, "imagePullPolicy")
    }
    #[inline]
    pub fn security_context(self) -> Option<SecurityContext<'a>> {
        optional(self.0, "securityContext")
    }
    #[inline]
    pub fn stdin(self) -> bool {
        bare(self.0, "stdin")
    }
    #[inline]
    pub fn stdin_once(self) -> bool {
        bare(self.0, "stdinOnce")
    }
    #[inline]
    pub fn tty(self) -> bool {
        bare(self.0, "tty")
    }
    #[inline]
    pub fn target_container_name(self) -> &'a str {
        bare(self.0, "targetContainerName")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EvictionResponder<'a>(pub &'a Map);

impl<'a> Item<'a> for EvictionResponder<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EvictionResponder(map_of(value))
    }
}

impl<'a> EvictionResponder<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EvictionResponder(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn priority(self) -> Option<i64> {
        optional(self.0, "priority")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PodStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodStatus(map_of(value))
    }
}

impl<'a> PodStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodStatus(map_of(value))
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn phase(self) -> &'a str {
        bare(self.0, "phase")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, PodCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn nominated_node_name(self) -> &'a str {
        bare(self.0, "nominatedNodeName")
    }
    #[inline]
    pub fn host_ip(self) -> &'a str {
        bare(self.0, "hostIP")
    }
    #[inline]
    pub fn host_ips(self) -> ViewList<'a, HostIP<'a>> {
        bare(self.0, "hostIPs")
    }
    #[inline]
    pub fn pod_ip(self) -> &'a str {
        bare(self.0, "podIP")
    }
    #[inline]
    pub fn pod_ips(self) -> ViewList<'a, PodIP<'a>> {
        bare(self.0, "podIPs")
    }
    #[inline]
    pub fn start_time(self) -> Option<&'a str> {
        optional(self.0, "startTime")
    }
    #[inline]
    pub fn init_container_statuses(self) -> ViewList<'a, ContainerStatus<'a>> {
        bare(self.0, "initContainerStatuses")
    }
    #[inline]
    pub fn container_statuses(self) -> ViewList<'a, ContainerStatus<'a>> {
        bare(self.0, "containerStatuses")
    }
    #[inline]
    pub fn qos_class(self) -> &'a str {
        bare(self.0, "qosClass")
    }
    #[inline]
    pub fn ephemeral_container_statuses(self) -> ViewList<'a, ContainerStatus<'a>> {
        bare(self.0, "ephemeralContainerStatuses")
    }
    #[inline]
    pub fn resize(self) -> &'a str {
        bare(self.0, "resize")
    }
    #[inline]
    pub fn resource_claim_statuses(self) -> ViewList<'a, PodResourceClaimStatus<'a>> {
        bare(self.0, "resourceClaimStatuses")
    }
    #[inline]
    pub fn extended_resource_claim_status(self) -> Option<PodExtendedResourceClaimStatus<'a>> {
        optional(self.0, "extendedResourceClaimStatus")
    }
    #[inline]
    pub fn allocated_resources(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "allocatedResources")
    }
    #[inline]
    pub fn resources(self) -> Option<ResourceRequirements<'a>> {
        optional(self.0, "resources")
    }
    #[inline]
    pub fn node_allocatable_resource_claim_statuses(self) -> ViewList<'a, NodeAllocatableResourceClaimStatus<'a>> {
        bare(self.0, "nodeAllocatableResourceClaimStatuses")
    }
    #[inline]
    pub fn volume_health(self) -> ViewList<'a, PodVolumeHealth<'a>> {
        bare(self.0, "volumeHealth")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Pod<'a>(pub &'a Map);

impl<'a> Item<'a> for Pod<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Pod(map_of(value))
    }
}

impl<'a> Pod<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Pod(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> PodSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> PodStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodList<'a>(pub &'a Map);

impl<'a> Item<'a> for PodList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodList(map_of(value))
    }
}

impl<'a> PodList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Pod<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodTemplateSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for PodTemplateSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodTemplateSpec(map_of(value))
    }
}

impl<'a> PodTemplateSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodTemplateSpec(map_of(value))
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> PodSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodTemplate<'a>(pub &'a Map);

impl<'a> Item<'a> for PodTemplate<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodTemplate(map_of(value))
    }
}

impl<'a> PodTemplate<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodTemplate(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn template(self) -> PodTemplateSpec<'a> {
        bare(self.0, "template")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodTemplateList<'a>(pub &'a Map);

impl<'a> Item<'a> for PodTemplateList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodTemplateList(map_of(value))
    }
}

impl<'a> PodTemplateList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodTemplateList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, PodTemplate<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicationControllerSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicationControllerSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicationControllerSpec(map_of(value))
    }
}

impl<'a> ReplicationControllerSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicationControllerSpec(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> Option<i64> {
        optional(self.0, "replicas")
    }
    #[inline]
    pub fn min_ready_seconds(self) -> i64 {
        bare(self.0, "minReadySeconds")
    }
    #[inline]
    pub fn selector(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "selector")
    }
    #[inline]
    pub fn template(self) -> Option<PodTemplateSpec<'a>> {
        optional(self.0, "template")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicationControllerStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicationControllerStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicationControllerStatus(map_of(value))
    }
}

impl<'a> ReplicationControllerStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicationControllerStatus(map_of(value))
    }
    #[inline]
    pub fn replicas(self) -> i64 {
        bare(self.0, "replicas")
    }
    #[inline]
    pub fn fully_labeled_replicas(self) -> i64 {
        bare(self.0, "fullyLabeledReplicas")
    }
    #[inline]
    pub fn ready_replicas(self) -> i64 {
        bare(self.0, "readyReplicas")
    }
    #[inline]
    pub fn available_replicas(self) -> i64 {
        bare(self.0, "availableReplicas")
    }
    #[inline]
    pub fn observed_generation(self) -> i64 {
        bare(self.0, "observedGeneration")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, ReplicationControllerCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicationControllerCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicationControllerCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicationControllerCondition(map_of(value))
    }
}

impl<'a> ReplicationControllerCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicationControllerCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicationController<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicationController<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicationController(map_of(value))
    }
}

impl<'a> ReplicationController<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicationController(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> ReplicationControllerSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ReplicationControllerStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ReplicationControllerList<'a>(pub &'a Map);

impl<'a> Item<'a> for ReplicationControllerList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ReplicationControllerList(map_of(value))
    }
}

impl<'a> ReplicationControllerList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ReplicationControllerList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ReplicationController<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SessionAffinityConfig<'a>(pub &'a Map);

impl<'a> Item<'a> for SessionAffinityConfig<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SessionAffinityConfig(map_of(value))
    }
}

impl<'a> SessionAffinityConfig<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SessionAffinityConfig(map_of(value))
    }
    #[inline]
    pub fn client_ip(self) -> Option<ClientIPConfig<'a>> {
        optional(self.0, "clientIP")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ClientIPConfig<'a>(pub &'a Map);

impl<'a> Item<'a> for ClientIPConfig<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ClientIPConfig(map_of(value))
    }
}

impl<'a> ClientIPConfig<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ClientIPConfig(map_of(value))
    }
    #[inline]
    pub fn timeout_seconds(self) -> Option<i64> {
        optional(self.0, "timeoutSeconds")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceStatus(map_of(value))
    }
}

impl<'a> ServiceStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceStatus(map_of(value))
    }
    #[inline]
    pub fn load_balancer(self) -> LoadBalancerStatus<'a> {
        bare(self.0, "loadBalancer")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, views::meta_v1::Condition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LoadBalancerStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for LoadBalancerStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LoadBalancerStatus(map_of(value))
    }
}

impl<'a> LoadBalancerStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LoadBalancerStatus(map_of(value))
    }
    #[inline]
    pub fn ingress(self) -> ViewList<'a, LoadBalancerIngress<'a>> {
        bare(self.0, "ingress")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LoadBalancerIngress<'a>(pub &'a Map);

impl<'a> Item<'a> for LoadBalancerIngress<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LoadBalancerIngress(map_of(value))
    }
}

impl<'a> LoadBalancerIngress<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LoadBalancerIngress(map_of(value))
    }
    #[inline]
    pub fn ip(self) -> &'a str {
        bare(self.0, "ip")
    }
    #[inline]
    pub fn hostname(self) -> &'a str {
        bare(self.0, "hostname")
    }
    #[inline]
    pub fn ip_mode(self) -> Option<&'a str> {
        optional(self.0, "ipMode")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, PortStatus<'a>> {
        bare(self.0, "ports")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceSpec(map_of(value))
    }
}

impl<'a> ServiceSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceSpec(map_of(value))
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, ServicePort<'a>> {
        bare(self.0, "ports")
    }
    #[inline]
    pub fn selector(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "selector")
    }
    #[inline]
    pub fn cluster_ip(self) -> &'a str {
        bare(self.0, "clusterIP")
    }
    #[inline]
    pub fn cluster_ips(self) -> ViewList<'a, &'a str> {
        bare(self.0, "clusterIPs")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn external_ips(self) -> ViewList<'a, &'a str> {
        bare(self.0, "externalIPs")
    }
    #[inline]
    pub fn session_affinity(self) -> &'a str {
        bare(self.0, "sessionAffinity")
    }
    #[inline]
    pub fn load_balancer_ip(self) -> &'a str {
        bare(self.0, "loadBalancerIP")
    }
    #[inline]
    pub fn load_balancer_source_ranges(self) -> ViewList<'a, &'a str> {
        bare(self.0, "loadBalancerSourceRanges")
    }
    #[inline]
    pub fn external_name(self) -> &'a str {
        bare(self.0, "externalName")
    }
    #[inline]
    pub fn external_traffic_policy(self) -> &'a str {
        bare(self.0, "externalTrafficPolicy")
    }
    #[inline]
    pub fn health_check_node_port(self) -> i64 {
        bare(self.0, "healthCheckNodePort")
    }
    #[inline]
    pub fn publish_not_ready_addresses(self) -> bool {
        bare(self.0, "publishNotReadyAddresses")
    }
    #[inline]
    pub fn session_affinity_config(self) -> Option<SessionAffinityConfig<'a>> {
        optional(self.0, "sessionAffinityConfig")
    }
    #[inline]
    pub fn ip_families(self) -> ViewList<'a, &'a str> {
        bare(self.0, "ipFamilies")
    }
    #[inline]
    pub fn ip_family_policy(self) -> Option<&'a str> {
        optional(self.0, "ipFamilyPolicy")
    }
    #[inline]
    pub fn allocate_load_balancer_node_ports(self) -> Option<bool> {
        optional(self.0, "allocateLoadBalancerNodePorts")
    }
    #[inline]
    pub fn load_balancer_class(self) -> Option<&'a str> {
        optional(self.0, "loadBalancerClass")
    }
    #[inline]
    pub fn internal_traffic_policy(self) -> Option<&'a str> {
        optional(self.0, "internalTrafficPolicy")
    }
    #[inline]
    pub fn traffic_distribution(self) -> Option<&'a str> {
        optional(self.0, "trafficDistribution")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServicePort<'a>(pub &'a Map);

impl<'a> Item<'a> for ServicePort<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServicePort(map_of(value))
    }
}

impl<'a> ServicePort<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServicePort(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn protocol(self) -> &'a str {
        bare(self.0, "protocol")
    }
    #[inline]
    pub fn app_protocol(self) -> Option<&'a str> {
        optional(self.0, "appProtocol")
    }
    #[inline]
    pub fn port(self) -> i64 {
        bare(self.0, "port")
    }
    #[inline]
    pub fn target_port(self) -> IntOrString<'a> {
        bare(self.0, "targetPort")
    }
    #[inline]
    pub fn node_port(self) -> i64 {
        bare(self.0, "nodePort")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Service<'a>(pub &'a Map);

impl<'a> Item<'a> for Service<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Service(map_of(value))
    }
}

impl<'a> Service<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Service(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> ServiceSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ServiceStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceList<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceList(map_of(value))
    }
}

impl<'a> ServiceList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Service<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceAccount<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceAccount<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceAccount(map_of(value))
    }
}

impl<'a> ServiceAccount<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceAccount(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn secrets(self) -> ViewList<'a, ObjectReference<'a>> {
        bare(self.0, "secrets")
    }
    #[inline]
    pub fn image_pull_secrets(self) -> ViewList<'a, LocalObjectReference<'a>> {
        bare(self.0, "imagePullSecrets")
    }
    #[inline]
    pub fn automount_service_account_token(self) -> Option<bool> {
        optional(self.0, "automountServiceAccountToken")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceAccountList<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceAccountList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceAccountList(map_of(value))
    }
}

impl<'a> ServiceAccountList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceAccountList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ServiceAccount<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a>(pub &'a Map);

impl<'a> Item<'a> for Endpoints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Endpoints(map_of(value))
    }
}

impl<'a> Endpoints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Endpoints(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn subsets(self) -> ViewList<'a, EndpointSubset<'a>> {
        bare(self.0, "subsets")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointSubset<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointSubset<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointSubset(map_of(value))
    }
}

impl<'a> EndpointSubset<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointSubset(map_of(value))
    }
    #[inline]
    pub fn addresses(self) -> ViewList<'a, EndpointAddress<'a>> {
        bare(self.0, "addresses")
    }
    #[inline]
    pub fn not_ready_addresses(self) -> ViewList<'a, EndpointAddress<'a>> {
        bare(self.0, "notReadyAddresses")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, EndpointPort<'a>> {
        bare(self.0, "ports")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointAddress<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointAddress<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointAddress(map_of(value))
    }
}

impl<'a> EndpointAddress<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointAddress(map_of(value))
    }
    #[inline]
    pub fn ip(self) -> &'a str {
        bare(self.0, "ip")
    }
    #[inline]
    pub fn hostname(self) -> &'a str {
        bare(self.0, "hostname")
    }
    #[inline]
    pub fn node_name(self) -> Option<&'a str> {
        optional(self.0, "nodeName")
    }
    #[inline]
    pub fn target_ref(self) -> Option<ObjectReference<'a>> {
        optional(self.0, "targetRef")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointPort<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointPort<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointPort(map_of(value))
    }
}

impl<'a> EndpointPort<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointPort(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn port(self) -> i64 {
        bare(self.0, "port")
    }
    #[inline]
    pub fn protocol(self) -> &'a str {
        bare(self.0, "protocol")
    }
    #[inline]
    pub fn app_protocol(self) -> Option<&'a str> {
        optional(self.0, "appProtocol")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EndpointsList<'a>(pub &'a Map);

impl<'a> Item<'a> for EndpointsList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EndpointsList(map_of(value))
    }
}

impl<'a> EndpointsList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EndpointsList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Endpoints<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeSpec(map_of(value))
    }
}

impl<'a> NodeSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeSpec(map_of(value))
    }
    #[inline]
    pub fn pod_cidr(self) -> &'a str {
        bare(self.0, "podCIDR")
    }
    #[inline]
    pub fn pod_cidrs(self) -> ViewList<'a, &'a str> {
        bare(self.0, "podCIDRs")
    }
    #[inline]
    pub fn provider_id(self) -> &'a str {
        bare(self.0, "providerID")
    }
    #[inline]
    pub fn unschedulable(self) -> bool {
        bare(self.0, "unschedulable")
    }
    #[inline]
    pub fn taints(self) -> ViewList<'a, Taint<'a>> {
        bare(self.0, "taints")
    }
    #[inline]
    pub fn config_source(self) -> Option<NodeConfigSource<'a>> {
        optional(self.0, "configSource")
    }
    #[inline]
    pub fn external_id(self) -> &'a str {
        bare(self.0, "externalID")
    }
    #[inline]
    pub fn pod_preemption_policy(self) -> Option<NodePodPreemptionPolicy<'a>> {
        optional(self.0, "podPreemptionPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodePodPreemptionPolicy<'a>(pub &'a Map);

impl<'a> Item<'a> for NodePodPreemptionPolicy<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodePodPreemptionPolicy(map_of(value))
    }
}

impl<'a> NodePodPreemptionPolicy<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodePodPreemptionPolicy(map_of(value))
    }
    #[inline]
    pub fn disable_resize_preemption(self) -> ViewList<'a, &'a str> {
        bare(self.0, "disableResizePreemption")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeConfigSource<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeConfigSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeConfigSource(map_of(value))
    }
}

impl<'a> NodeConfigSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeConfigSource(map_of(value))
    }
    #[inline]
    pub fn config_map(self) -> Option<ConfigMapNodeConfigSource<'a>> {
        optional(self.0, "configMap")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMapNodeConfigSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMapNodeConfigSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMapNodeConfigSource(map_of(value))
    }
}

impl<'a> ConfigMapNodeConfigSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMapNodeConfigSource(map_of(value))
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
    #[inline]
    pub fn kubelet_config_key(self) -> &'a str {
        bare(self.0, "kubeletConfigKey")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DaemonEndpoint<'a>(pub &'a Map);

impl<'a> Item<'a> for DaemonEndpoint<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DaemonEndpoint(map_of(value))
    }
}

impl<'a> DaemonEndpoint<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DaemonEndpoint(map_of(value))
    }
    #[inline]
    pub fn port(self) -> i64 {
        bare(self.0, "Port")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeDaemonEndpoints<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeDaemonEndpoints<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeDaemonEndpoints(map_of(value))
    }
}

impl<'a> NodeDaemonEndpoints<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeDaemonEndpoints(map_of(value))
    }
    #[inline]
    pub fn kubelet_endpoint(self) -> DaemonEndpoint<'a> {
        bare(self.0, "kubeletEndpoint")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeRuntimeHandlerFeatures<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeRuntimeHandlerFeatures<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeRuntimeHandlerFeatures(map_of(value))
    }
}

impl<'a> NodeRuntimeHandlerFeatures<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeRuntimeHandlerFeatures(map_of(value))
    }
    #[inline]
    pub fn recursive_read_only_mounts(self) -> Option<bool> {
        optional(self.0, "recursiveReadOnlyMounts")
    }
    #[inline]
    pub fn user_namespaces(self) -> Option<bool> {
        optional(self.0, "userNamespaces")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeRuntimeHandler<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeRuntimeHandler<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeRuntimeHandler(map_of(value))
    }
}

impl<'a> NodeRuntimeHandler<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeRuntimeHandler(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn features(self) -> Option<NodeRuntimeHandlerFeatures<'a>> {
        optional(self.0, "features")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeFeatures<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeFeatures<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeFeatures(map_of(value))
    }
}

impl<'a> NodeFeatures<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeFeatures(map_of(value))
    }
    #[inline]
    pub fn supplemental_groups_policy(self) -> Option<bool> {
        optional(self.0, "supplementalGroupsPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeSystemInfo<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeSystemInfo<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeSystemInfo(map_of(value))
    }
}

impl<'a> NodeSystemInfo<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeSystemInfo(map_of(value))
    }
    #[inline]
    pub fn machine_id(self) -> &'a str {
        bare(self.0, "machineID")
    }
    #[inline]
    pub fn system_uuid(self) -> &'a str {
        bare(self.0, "systemUUID")
    }
    #[inline]
    pub fn boot_id(self) -> &'a str {
        bare(self.0, "bootID")
    }
    #[inline]
    pub fn kernel_version(self) -> &'a str {
        bare(self.0, "kernelVersion")
    }
    #[inline]
    pub fn os_image(self) -> &'a str {
        bare(self.0, "osImage")
    }
    #[inline]
    pub fn container_runtime_version(self) -> &'a str {
        bare(self.0, "containerRuntimeVersion")
    }
    #[inline]
    pub fn kubelet_version(self) -> &'a str {
        bare(self.0, "kubeletVersion")
    }
    #[inline]
    pub fn kube_proxy_version(self) -> &'a str {
        bare(self.0, "kubeProxyVersion")
    }
    #[inline]
    pub fn operating_system(self) -> &'a str {
        bare(self.0, "operatingSystem")
    }
    #[inline]
    pub fn architecture(self) -> &'a str {
        bare(self.0, "architecture")
    }
    #[inline]
    pub fn swap(self) -> Option<NodeSwapStatus<'a>> {
        optional(self.0, "swap")
    }
    #[inline]
    pub fn running_in_user_namespace(self) -> Option<bool> {
        optional(self.0, "runningInUserNamespace")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeSwapStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeSwapStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeSwapStatus(map_of(value))
    }
}

impl<'a> NodeSwapStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeSwapStatus(map_of(value))
    }
    #[inline]
    pub fn capacity(self) -> Option<i64> {
        optional(self.0, "capacity")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeConfigStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeConfigStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeConfigStatus(map_of(value))
    }
}

impl<'a> NodeConfigStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeConfigStatus(map_of(value))
    }
    #[inline]
    pub fn assigned(self) -> Option<NodeConfigSource<'a>> {
        optional(self.0, "assigned")
    }
    #[inline]
    pub fn active(self) -> Option<NodeConfigSource<'a>> {
        optional(self.0, "active")
    }
    #[inline]
    pub fn last_known_good(self) -> Option<NodeConfigSource<'a>> {
        optional(self.0, "lastKnownGood")
    }
    #[inline]
    pub fn error(self) -> &'a str {
        bare(self.0, "error")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeStatus(map_of(value))
    }
}

impl<'a> NodeStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeStatus(map_of(value))
    }
    #[inline]
    pub fn capacity(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "capacity")
    }
    #[inline]
    pub fn allocatable(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "allocatable")
    }
    #[inline]
    pub fn phase(self) -> &'a str {
        bare(self.0, "phase")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, NodeCondition<'a>> {
        bare(self.0, "conditions")
    }
    #[inline]
    pub fn addresses(self) -> ViewList<'a, NodeAddress<'a>> {
        bare(self.0, "addresses")
    }
    #[inline]
    pub fn daemon_endpoints(self) -> NodeDaemonEndpoints<'a> {
        bare(self.0, "daemonEndpoints")
    }
    #[inline]
    pub fn node_info(self) -> NodeSystemInfo<'a> {
        bare(self.0, "nodeInfo")
    }
    #[inline]
    pub fn images(self) -> ViewList<'a, ContainerImage<'a>> {
        bare(self.0, "images")
    }
    #[inline]
    pub fn volumes_in_use(self) -> ViewList<'a, &'a str> {
        bare(self.0, "volumesInUse")
    }
    #[inline]
    pub fn volumes_attached(self) -> ViewList<'a, AttachedVolume<'a>> {
        bare(self.0, "volumesAttached")
    }
    #[inline]
    pub fn config(self) -> Option<NodeConfigStatus<'a>> {
        optional(self.0, "config")
    }
    #[inline]
    pub fn runtime_handlers(self) -> ViewList<'a, NodeRuntimeHandler<'a>> {
        bare(self.0, "runtimeHandlers")
    }
    #[inline]
    pub fn features(self) -> Option<NodeFeatures<'a>> {
        optional(self.0, "features")
    }
    #[inline]
    pub fn declared_features(self) -> ViewList<'a, &'a str> {
        bare(self.0, "declaredFeatures")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AttachedVolume<'a>(pub &'a Map);

impl<'a> Item<'a> for AttachedVolume<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AttachedVolume(map_of(value))
    }
}

impl<'a> AttachedVolume<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AttachedVolume(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn device_path(self) -> &'a str {
        bare(self.0, "devicePath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct AvoidPods<'a>(pub &'a Map);

impl<'a> Item<'a> for AvoidPods<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        AvoidPods(map_of(value))
    }
}

impl<'a> AvoidPods<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        AvoidPods(map_of(value))
    }
    #[inline]
    pub fn prefer_avoid_pods(self) -> ViewList<'a, PreferAvoidPodsEntry<'a>> {
        bare(self.0, "preferAvoidPods")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PreferAvoidPodsEntry<'a>(pub &'a Map);

impl<'a> Item<'a> for PreferAvoidPodsEntry<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PreferAvoidPodsEntry(map_of(value))
    }
}

impl<'a> PreferAvoidPodsEntry<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PreferAvoidPodsEntry(map_of(value))
    }
    #[inline]
    pub fn pod_signature(self) -> PodSignature<'a> {
        bare(self.0, "podSignature")
    }
    #[inline]
    pub fn eviction_time(self) -> Option<&'a str> {
        optional(self.0, "evictionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodSignature<'a>(pub &'a Map);

impl<'a> Item<'a> for PodSignature<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodSignature(map_of(value))
    }
}

impl<'a> PodSignature<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodSignature(map_of(value))
    }
    #[inline]
    pub fn pod_controller(self) -> Option<views::meta_v1::OwnerReference<'a>> {
        optional(self.0, "podController")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ContainerImage<'a>(pub &'a Map);

impl<'a> Item<'a> for ContainerImage<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ContainerImage(map_of(value))
    }
}

impl<'a> ContainerImage<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ContainerImage(map_of(value))
    }
    #[inline]
    pub fn names(self) -> ViewList<'a, &'a str> {
        bare(self.0, "names")
    }
    #[inline]
    pub fn size_bytes(self) -> i64 {
        bare(self.0, "sizeBytes")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeCondition(map_of(value))
    }
}

impl<'a> NodeCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn last_heartbeat_time(self) -> Option<&'a str> {
        optional(self.0, "lastHeartbeatTime")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAddress<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAddress<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAddress(map_of(value))
    }
}

impl<'a> NodeAddress<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAddress(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn address(self) -> &'a str {
        bare(self.0, "address")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Node<'a>(pub &'a Map);

impl<'a> Item<'a> for Node<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Node(map_of(value))
    }
}

impl<'a> Node<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Node(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> NodeSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> NodeStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeList<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeList(map_of(value))
    }
}

impl<'a> NodeList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Node<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NamespaceSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for NamespaceSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NamespaceSpec(map_of(value))
    }
}

impl<'a> NamespaceSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NamespaceSpec(map_of(value))
    }
    #[inline]
    pub fn finalizers(self) -> ViewList<'a, &'a str> {
        bare(self.0, "finalizers")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NamespaceStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for NamespaceStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NamespaceStatus(map_of(value))
    }
}

impl<'a> NamespaceStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NamespaceStatus(map_of(value))
    }
    #[inline]
    pub fn phase(self) -> &'a str {
        bare(self.0, "phase")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, NamespaceCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NamespaceCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for NamespaceCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NamespaceCondition(map_of(value))
    }
}

impl<'a> NamespaceCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NamespaceCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn last_transition_time(self) -> Option<&'a str> {
        optional(self.0, "lastTransitionTime")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Namespace<'a>(pub &'a Map);

impl<'a> Item<'a> for Namespace<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Namespace(map_of(value))
    }
}

impl<'a> Namespace<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Namespace(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> NamespaceSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> NamespaceStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NamespaceList<'a>(pub &'a Map);

impl<'a> Item<'a> for NamespaceList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NamespaceList(map_of(value))
    }
}

impl<'a> NamespaceList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NamespaceList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Namespace<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Binding<'a>(pub &'a Map);

impl<'a> Item<'a> for Binding<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Binding(map_of(value))
    }
}

impl<'a> Binding<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Binding(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn target(self) -> ObjectReference<'a> {
        bare(self.0, "target")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Preconditions<'a>(pub &'a Map);

impl<'a> Item<'a> for Preconditions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Preconditions(map_of(value))
    }
}

impl<'a> Preconditions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Preconditions(map_of(value))
    }
    #[inline]
    pub fn uid(self) -> Option<&'a str> {
        optional(self.0, "uid")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodLogOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for PodLogOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodLogOptions(map_of(value))
    }
}

impl<'a> PodLogOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodLogOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn container(self) -> &'a str {
        bare(self.0, "container")
    }
    #[inline]
    pub fn follow(self) -> bool {
        bare(self.0, "follow")
    }
    #[inline]
    pub fn previous(self) -> bool {
        bare(self.0, "previous")
    }
    #[inline]
    pub fn since_seconds(self) -> Option<i64> {
        optional(self.0, "sinceSeconds")
    }
    #[inline]
    pub fn since_time(self) -> Option<&'a str> {
        optional(self.0, "sinceTime")
    }
    #[inline]
    pub fn timestamps(self) -> bool {
        bare(self.0, "timestamps")
    }
    #[inline]
    pub fn tail_lines(self) -> Option<i64> {
        optional(self.0, "tailLines")
    }
    #[inline]
    pub fn limit_bytes(self) -> Option<i64> {
        optional(self.0, "limitBytes")
    }
    #[inline]
    pub fn insecure_skip_tls_verify_backend(self) -> bool {
        bare(self.0, "insecureSkipTLSVerifyBackend")
    }
    #[inline]
    pub fn stream(self) -> Option<&'a str> {
        optional(self.0, "stream")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodAttachOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for PodAttachOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodAttachOptions(map_of(value))
    }
}

impl<'a> PodAttachOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodAttachOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn stdin(self) -> bool {
        bare(self.0, "stdin")
    }
    #[inline]
    pub fn stdout(self) -> bool {
        bare(self.0, "stdout")
    }
    #[inline]
    pub fn stderr(self) -> bool {
        bare(self.0, "stderr")
    }
    #[inline]
    pub fn tty(self) -> bool {
        bare(self.0, "tty")
    }
    #[inline]
    pub fn container(self) -> &'a str {
        bare(self.0, "container")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodExecOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for PodExecOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodExecOptions(map_of(value))
    }
}

impl<'a> PodExecOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodExecOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn stdin(self) -> bool {
        bare(self.0, "stdin")
    }
    #[inline]
    pub fn stdout(self) -> bool {
        bare(self.0, "stdout")
    }
    #[inline]
    pub fn stderr(self) -> bool {
        bare(self.0, "stderr")
    }
    #[inline]
    pub fn tty(self) -> bool {
        bare(self.0, "tty")
    }
    #[inline]
    pub fn container(self) -> &'a str {
        bare(self.0, "container")
    }
    #[inline]
    pub fn command(self) -> ViewList<'a, &'a str> {
        bare(self.0, "command")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodPortForwardOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for PodPortForwardOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodPortForwardOptions(map_of(value))
    }
}

impl<'a> PodPortForwardOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodPortForwardOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn ports(self) -> ViewList<'a, i64> {
        bare(self.0, "ports")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PodProxyOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for PodProxyOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PodProxyOptions(map_of(value))
    }
}

impl<'a> PodProxyOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PodProxyOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeProxyOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeProxyOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeProxyOptions(map_of(value))
    }
}

impl<'a> NodeProxyOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeProxyOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ServiceProxyOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for ServiceProxyOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ServiceProxyOptions(map_of(value))
    }
}

impl<'a> ServiceProxyOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ServiceProxyOptions(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for ObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ObjectReference(map_of(value))
    }
}

impl<'a> ObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ObjectReference(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn namespace(self) -> &'a str {
        bare(self.0, "namespace")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn uid(self) -> &'a str {
        bare(self.0, "uid")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn resource_version(self) -> &'a str {
        bare(self.0, "resourceVersion")
    }
    #[inline]
    pub fn field_path(self) -> &'a str {
        bare(self.0, "fieldPath")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LocalObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for LocalObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LocalObjectReference(map_of(value))
    }
}

impl<'a> LocalObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LocalObjectReference(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct TypedLocalObjectReference<'a>(pub &'a Map);

impl<'a> Item<'a> for TypedLocalObjectReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        TypedLocalObjectReference(map_of(value))
    }
}

impl<'a> TypedLocalObjectReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        TypedLocalObjectReference(map_of(value))
    }
    #[inline]
    pub fn api_group(self) -> Option<&'a str> {
        optional(self.0, "apiGroup")
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SerializedReference<'a>(pub &'a Map);

impl<'a> Item<'a> for SerializedReference<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SerializedReference(map_of(value))
    }
}

impl<'a> SerializedReference<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SerializedReference(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn reference(self) -> ObjectReference<'a> {
        bare(self.0, "reference")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EventSource<'a>(pub &'a Map);

impl<'a> Item<'a> for EventSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EventSource(map_of(value))
    }
}

impl<'a> EventSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EventSource(map_of(value))
    }
    #[inline]
    pub fn component(self) -> &'a str {
        bare(self.0, "component")
    }
    #[inline]
    pub fn host(self) -> &'a str {
        bare(self.0, "host")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Event<'a>(pub &'a Map);

impl<'a> Item<'a> for Event<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Event(map_of(value))
    }
}

impl<'a> Event<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Event(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn involved_object(self) -> ObjectReference<'a> {
        bare(self.0, "involvedObject")
    }
    #[inline]
    pub fn reason(self) -> &'a str {
        bare(self.0, "reason")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn source(self) -> EventSource<'a> {
        bare(self.0, "source")
    }
    #[inline]
    pub fn first_timestamp(self) -> Option<&'a str> {
        optional(self.0, "firstTimestamp")
    }
    #[inline]
    pub fn last_timestamp(self) -> Option<&'a str> {
        optional(self.0, "lastTimestamp")
    }
    #[inline]
    pub fn count(self) -> i64 {
        bare(self.0, "count")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn event_time(self) -> Option<&'a str> {
        optional(self.0, "eventTime")
    }
    #[inline]
    pub fn series(self) -> Option<EventSeries<'a>> {
        optional(self.0, "series")
    }
    #[inline]
    pub fn action(self) -> &'a str {
        bare(self.0, "action")
    }
    #[inline]
    pub fn related(self) -> Option<ObjectReference<'a>> {
        optional(self.0, "related")
    }
    #[inline]
    pub fn reporting_component(self) -> &'a str {
        bare(self.0, "reportingComponent")
    }
    #[inline]
    pub fn reporting_instance(self) -> &'a str {
        bare(self.0, "reportingInstance")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EventSeries<'a>(pub &'a Map);

impl<'a> Item<'a> for EventSeries<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EventSeries(map_of(value))
    }
}

impl<'a> EventSeries<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EventSeries(map_of(value))
    }
    #[inline]
    pub fn count(self) -> i64 {
        bare(self.0, "count")
    }
    #[inline]
    pub fn last_observed_time(self) -> Option<&'a str> {
        optional(self.0, "lastObservedTime")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct EventList<'a>(pub &'a Map);

impl<'a> Item<'a> for EventList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        EventList(map_of(value))
    }
}

impl<'a> EventList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        EventList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Event<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LimitRangeItem<'a>(pub &'a Map);

impl<'a> Item<'a> for LimitRangeItem<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LimitRangeItem(map_of(value))
    }
}

impl<'a> LimitRangeItem<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LimitRangeItem(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn max(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "max")
    }
    #[inline]
    pub fn min(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "min")
    }
    #[inline]
    pub fn default(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "default")
    }
    #[inline]
    pub fn default_request(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "defaultRequest")
    }
    #[inline]
    pub fn max_limit_request_ratio(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "maxLimitRequestRatio")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LimitRangeSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for LimitRangeSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LimitRangeSpec(map_of(value))
    }
}

impl<'a> LimitRangeSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LimitRangeSpec(map_of(value))
    }
    #[inline]
    pub fn limits(self) -> ViewList<'a, LimitRangeItem<'a>> {
        bare(self.0, "limits")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LimitRange<'a>(pub &'a Map);

impl<'a> Item<'a> for LimitRange<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LimitRange(map_of(value))
    }
}

impl<'a> LimitRange<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LimitRange(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> LimitRangeSpec<'a> {
        bare(self.0, "spec")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct LimitRangeList<'a>(pub &'a Map);

impl<'a> Item<'a> for LimitRangeList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        LimitRangeList(map_of(value))
    }
}

impl<'a> LimitRangeList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        LimitRangeList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, LimitRange<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceQuotaSpec<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceQuotaSpec<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceQuotaSpec(map_of(value))
    }
}

impl<'a> ResourceQuotaSpec<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceQuotaSpec(map_of(value))
    }
    #[inline]
    pub fn hard(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "hard")
    }
    #[inline]
    pub fn scopes(self) -> ViewList<'a, &'a str> {
        bare(self.0, "scopes")
    }
    #[inline]
    pub fn scope_selector(self) -> Option<ScopeSelector<'a>> {
        optional(self.0, "scopeSelector")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ScopeSelector<'a>(pub &'a Map);

impl<'a> Item<'a> for ScopeSelector<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ScopeSelector(map_of(value))
    }
}

impl<'a> ScopeSelector<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ScopeSelector(map_of(value))
    }
    #[inline]
    pub fn match_expressions(self) -> ViewList<'a, ScopedResourceSelectorRequirement<'a>> {
        bare(self.0, "matchExpressions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ScopedResourceSelectorRequirement<'a>(pub &'a Map);

impl<'a> Item<'a> for ScopedResourceSelectorRequirement<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ScopedResourceSelectorRequirement(map_of(value))
    }
}

impl<'a> ScopedResourceSelectorRequirement<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ScopedResourceSelectorRequirement(map_of(value))
    }
    #[inline]
    pub fn scope_name(self) -> &'a str {
        bare(self.0, "scopeName")
    }
    #[inline]
    pub fn operator(self) -> &'a str {
        bare(self.0, "operator")
    }
    #[inline]
    pub fn values(self) -> ViewList<'a, &'a str> {
        bare(self.0, "values")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceQuotaStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceQuotaStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceQuotaStatus(map_of(value))
    }
}

impl<'a> ResourceQuotaStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceQuotaStatus(map_of(value))
    }
    #[inline]
    pub fn hard(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "hard")
    }
    #[inline]
    pub fn used(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "used")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceQuota<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceQuota<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceQuota(map_of(value))
    }
}

impl<'a> ResourceQuota<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceQuota(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn spec(self) -> ResourceQuotaSpec<'a> {
        bare(self.0, "spec")
    }
    #[inline]
    pub fn status(self) -> ResourceQuotaStatus<'a> {
        bare(self.0, "status")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ResourceQuotaList<'a>(pub &'a Map);

impl<'a> Item<'a> for ResourceQuotaList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ResourceQuotaList(map_of(value))
    }
}

impl<'a> ResourceQuotaList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ResourceQuotaList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ResourceQuota<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Secret<'a>(pub &'a Map);

impl<'a> Item<'a> for Secret<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Secret(map_of(value))
    }
}

impl<'a> Secret<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Secret(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn immutable(self) -> Option<bool> {
        optional(self.0, "immutable")
    }
    #[inline]
    pub fn data(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "data")
    }
    #[inline]
    pub fn string_data(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "stringData")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecretList<'a>(pub &'a Map);

impl<'a> Item<'a> for SecretList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecretList(map_of(value))
    }
}

impl<'a> SecretList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecretList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, Secret<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMap<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMap<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMap(map_of(value))
    }
}

impl<'a> ConfigMap<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMap(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn immutable(self) -> Option<bool> {
        optional(self.0, "immutable")
    }
    #[inline]
    pub fn data(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "data")
    }
    #[inline]
    pub fn binary_data(self) -> ViewMap<'a, &'a str> {
        bare(self.0, "binaryData")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ConfigMapList<'a>(pub &'a Map);

impl<'a> Item<'a> for ConfigMapList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ConfigMapList(map_of(value))
    }
}

impl<'a> ConfigMapList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ConfigMapList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ConfigMap<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ComponentCondition<'a>(pub &'a Map);

impl<'a> Item<'a> for ComponentCondition<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ComponentCondition(map_of(value))
    }
}

impl<'a> ComponentCondition<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ComponentCondition(map_of(value))
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn status(self) -> &'a str {
        bare(self.0, "status")
    }
    #[inline]
    pub fn message(self) -> &'a str {
        bare(self.0, "message")
    }
    #[inline]
    pub fn error(self) -> &'a str {
        bare(self.0, "error")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ComponentStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for ComponentStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ComponentStatus(map_of(value))
    }
}

impl<'a> ComponentStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ComponentStatus(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn conditions(self) -> ViewList<'a, ComponentCondition<'a>> {
        bare(self.0, "conditions")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ComponentStatusList<'a>(pub &'a Map);

impl<'a> Item<'a> for ComponentStatusList<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ComponentStatusList(map_of(value))
    }
}

impl<'a> ComponentStatusList<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ComponentStatusList(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ListMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, ComponentStatus<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DownwardAPIVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for DownwardAPIVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DownwardAPIVolumeSource(map_of(value))
    }
}

impl<'a> DownwardAPIVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DownwardAPIVolumeSource(map_of(value))
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, DownwardAPIVolumeFile<'a>> {
        bare(self.0, "items")
    }
    #[inline]
    pub fn default_mode(self) -> Option<i64> {
        optional(self.0, "defaultMode")
    }
    #[inline]
    pub fn default_user(self) -> Option<i64> {
        optional(self.0, "defaultUser")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DownwardAPIVolumeFile<'a>(pub &'a Map);

impl<'a> Item<'a> for DownwardAPIVolumeFile<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DownwardAPIVolumeFile(map_of(value))
    }
}

impl<'a> DownwardAPIVolumeFile<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DownwardAPIVolumeFile(map_of(value))
    }
    #[inline]
    pub fn path(self) -> &'a str {
        bare(self.0, "path")
    }
    #[inline]
    pub fn field_ref(self) -> Option<ObjectFieldSelector<'a>> {
        optional(self.0, "fieldRef")
    }
    #[inline]
    pub fn resource_field_ref(self) -> Option<ResourceFieldSelector<'a>> {
        optional(self.0, "resourceFieldRef")
    }
    #[inline]
    pub fn mode(self) -> Option<i64> {
        optional(self.0, "mode")
    }
    #[inline]
    pub fn user(self) -> Option<i64> {
        optional(self.0, "user")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct DownwardAPIProjection<'a>(pub &'a Map);

impl<'a> Item<'a> for DownwardAPIProjection<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        DownwardAPIProjection(map_of(value))
    }
}

impl<'a> DownwardAPIProjection<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        DownwardAPIProjection(map_of(value))
    }
    #[inline]
    pub fn items(self) -> ViewList<'a, DownwardAPIVolumeFile<'a>> {
        bare(self.0, "items")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SecurityContext<'a>(pub &'a Map);

impl<'a> Item<'a> for SecurityContext<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SecurityContext(map_of(value))
    }
}

impl<'a> SecurityContext<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SecurityContext(map_of(value))
    }
    #[inline]
    pub fn capabilities(self) -> Option<Capabilities<'a>> {
        optional(self.0, "capabilities")
    }
    #[inline]
    pub fn privileged(self) -> Option<bool> {
        optional(self.0, "privileged")
    }
    #[inline]
    pub fn se_linux_options(self) -> Option<SELinuxOptions<'a>> {
        optional(self.0, "seLinuxOptions")
    }
    #[inline]
    pub fn windows_options(self) -> Option<WindowsSecurityContextOptions<'a>> {
        optional(self.0, "windowsOptions")
    }
    #[inline]
    pub fn run_as_user(self) -> Option<i64> {
        optional(self.0, "runAsUser")
    }
    #[inline]
    pub fn run_as_group(self) -> Option<i64> {
        optional(self.0, "runAsGroup")
    }
    #[inline]
    pub fn run_as_non_root(self) -> Option<bool> {
        optional(self.0, "runAsNonRoot")
    }
    #[inline]
    pub fn read_only_root_filesystem(self) -> Option<bool> {
        optional(self.0, "readOnlyRootFilesystem")
    }
    #[inline]
    pub fn allow_privilege_escalation(self) -> Option<bool> {
        optional(self.0, "allowPrivilegeEscalation")
    }
    #[inline]
    pub fn proc_mount(self) -> Option<&'a str> {
        optional(self.0, "procMount")
    }
    #[inline]
    pub fn seccomp_profile(self) -> Option<SeccompProfile<'a>> {
        optional(self.0, "seccompProfile")
    }
    #[inline]
    pub fn app_armor_profile(self) -> Option<AppArmorProfile<'a>> {
        optional(self.0, "appArmorProfile")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct SELinuxOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for SELinuxOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        SELinuxOptions(map_of(value))
    }
}

impl<'a> SELinuxOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        SELinuxOptions(map_of(value))
    }
    #[inline]
    pub fn user(self) -> &'a str {
        bare(self.0, "user")
    }
    #[inline]
    pub fn role(self) -> &'a str {
        bare(self.0, "role")
    }
    #[inline]
    pub fn type_(self) -> &'a str {
        bare(self.0, "type")
    }
    #[inline]
    pub fn level(self) -> &'a str {
        bare(self.0, "level")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct WindowsSecurityContextOptions<'a>(pub &'a Map);

impl<'a> Item<'a> for WindowsSecurityContextOptions<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        WindowsSecurityContextOptions(map_of(value))
    }
}

impl<'a> WindowsSecurityContextOptions<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        WindowsSecurityContextOptions(map_of(value))
    }
    #[inline]
    pub fn gmsa_credential_spec_name(self) -> Option<&'a str> {
        optional(self.0, "gmsaCredentialSpecName")
    }
    #[inline]
    pub fn gmsa_credential_spec(self) -> Option<&'a str> {
        optional(self.0, "gmsaCredentialSpec")
    }
    #[inline]
    pub fn run_as_user_name(self) -> Option<&'a str> {
        optional(self.0, "runAsUserName")
    }
    #[inline]
    pub fn host_process(self) -> Option<bool> {
        optional(self.0, "hostProcess")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct RangeAllocation<'a>(pub &'a Map);

impl<'a> Item<'a> for RangeAllocation<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        RangeAllocation(map_of(value))
    }
}

impl<'a> RangeAllocation<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        RangeAllocation(map_of(value))
    }
    #[inline]
    pub fn kind(self) -> &'a str {
        bare(self.0, "kind")
    }
    #[inline]
    pub fn api_version(self) -> &'a str {
        bare(self.0, "apiVersion")
    }
    #[inline]
    pub fn metadata(self) -> views::meta_v1::ObjectMeta<'a> {
        bare(self.0, "metadata")
    }
    #[inline]
    pub fn range(self) -> &'a str {
        bare(self.0, "range")
    }
    #[inline]
    pub fn data(self) -> Option<&'a str> {
        optional(self.0, "data")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Sysctl<'a>(pub &'a Map);

impl<'a> Item<'a> for Sysctl<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        Sysctl(map_of(value))
    }
}

impl<'a> Sysctl<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        Sysctl(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn value(self) -> &'a str {
        bare(self.0, "value")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct PortStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for PortStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        PortStatus(map_of(value))
    }
}

impl<'a> PortStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        PortStatus(map_of(value))
    }
    #[inline]
    pub fn port(self) -> i64 {
        bare(self.0, "port")
    }
    #[inline]
    pub fn protocol(self) -> &'a str {
        bare(self.0, "protocol")
    }
    #[inline]
    pub fn error(self) -> Option<&'a str> {
        optional(self.0, "error")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ImageVolumeSource<'a>(pub &'a Map);

impl<'a> Item<'a> for ImageVolumeSource<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        ImageVolumeSource(map_of(value))
    }
}

impl<'a> ImageVolumeSource<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        ImageVolumeSource(map_of(value))
    }
    #[inline]
    pub fn reference(self) -> &'a str {
        bare(self.0, "reference")
    }
    #[inline]
    pub fn pull_policy(self) -> &'a str {
        bare(self.0, "pullPolicy")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAllocatableResourceClaimStatus<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAllocatableResourceClaimStatus<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAllocatableResourceClaimStatus(map_of(value))
    }
}

impl<'a> NodeAllocatableResourceClaimStatus<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAllocatableResourceClaimStatus(map_of(value))
    }
    #[inline]
    pub fn resource_claim_name(self) -> &'a str {
        bare(self.0, "resourceClaimName")
    }
    #[inline]
    pub fn containers(self) -> ViewList<'a, &'a str> {
        bare(self.0, "containers")
    }
    #[inline]
    pub fn mapping(self) -> ViewList<'a, NodeAllocatableMappedResources<'a>> {
        bare(self.0, "mapping")
    }
    #[inline]
    pub fn overhead(self) -> ViewList<'a, NodeAllocatableOverheadResources<'a>> {
        bare(self.0, "overhead")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAllocatableMappedResources<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAllocatableMappedResources<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAllocatableMappedResources(map_of(value))
    }
}

impl<'a> NodeAllocatableMappedResources<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAllocatableMappedResources(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn quantity(self) -> Option<&'a str> {
        optional(self.0, "quantity")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct NodeAllocatableOverheadResources<'a>(pub &'a Map);

impl<'a> Item<'a> for NodeAllocatableOverheadResources<'a> {
    #[inline]
    fn item(value: &'a Value) -> Self {
        NodeAllocatableOverheadResources(map_of(value))
    }
}

impl<'a> NodeAllocatableOverheadResources<'a> {
    #[inline]
    pub fn of(value: &'a Value) -> Self {
        NodeAllocatableOverheadResources(map_of(value))
    }
    #[inline]
    pub fn name(self) -> &'a str {
        bare(self.0, "name")
    }
    #[inline]
    pub fn per_pod(self) -> Option<&'a str> {
        optional(self.0, "perPod")
    }
    #[inline]
    pub fn per_container(self) -> Option<&'a str> {
        optional(self.0, "perContainer")
    }
}
